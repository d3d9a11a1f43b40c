"""One update of both networks, the loop around it, and sessions."""

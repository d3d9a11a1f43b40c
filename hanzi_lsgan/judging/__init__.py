"""How good generated characters are, and who judges them."""

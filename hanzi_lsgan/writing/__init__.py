"""Text → lines and pages by one hand: characters in their squares, layout, outlines."""

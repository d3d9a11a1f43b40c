"""A form to fill in by hand: how it is printed, and how photographs of it are cut into samples."""

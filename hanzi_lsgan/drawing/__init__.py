"""A generator, characters and a seed → images and grids."""

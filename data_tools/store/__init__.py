"""One HDF5 file of glyphs: its schema, how it is made, written and read."""

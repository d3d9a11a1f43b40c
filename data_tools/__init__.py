"""From CASIA HWDB files to one HDF5 store: reading, drawing and preparing handwritten samples."""

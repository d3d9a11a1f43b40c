"""CASIA's formats and character sets."""

"""Conditional Least Squares GAN for handwritten Chinese characters."""

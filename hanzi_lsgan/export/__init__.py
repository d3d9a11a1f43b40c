"""Samples and weights in the forms that others take."""

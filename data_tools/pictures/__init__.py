"""Pictures of single characters: decoding, ink and background, labels from names, writers."""

"""Draw a text with the weights that come along: `python examples/draw.py 永和九年 text.png`."""

import sys

import numpy as np
from PIL import Image

import hanzi_lsgan

text, file = sys.argv[1:]
model = hanzi_lsgan.load()
images = model.draw(text, seed=1)  # (characters, 64, 64) uint8, all by one hand
Image.fromarray(np.hstack(list(images))).save(file)
print(f"wrote {file}: {len(images)} generated characters")

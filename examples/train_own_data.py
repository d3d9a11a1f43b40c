"""Train on your own characters: `python examples/train_own_data.py FOLDER MINUTES`.

FOLDER holds `.gnt` files, or pictures as the README says; a tenth of the writers is kept for tests.
"""

import sys
from pathlib import Path

import hanzi_lsgan
from data_tools.glyphs.fit import GlyphOptions
from data_tools.store.prepare import prepare
from hanzi_lsgan.training.loop import Tick


class Progress(hanzi_lsgan.Listener):
    """Says how training goes."""

    def on_tick(self, tick: Tick) -> None:
        """Told every few thousand images."""
        losses = f"D {tick.discriminator_loss:.3f}, G {tick.generator_loss:.3f}"
        print(f"{tick.images:,} images: {losses}")


folder, minutes = Path(sys.argv[1]), float(sys.argv[2])
store = folder.with_name(f"{folder.name}.h5")
prepare([folder], store, test_writers=0.1, glyph=GlyphOptions(size=32), force=True)
with hanzi_lsgan.Session.begin("quick32", store) as session:
    session.train(minutes=minutes, listener=Progress())
    print(f"trained {session.run.path}")
model = hanzi_lsgan.load(session.run.path)
print(f"draws {model.charset}")

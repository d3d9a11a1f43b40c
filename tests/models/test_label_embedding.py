"""Φ(y): learned rows, and codes of reference glyphs."""

import numpy as np
import torch
import torch.nn.functional as F

from data_tools.fonts.reference_glyphs import reference_glyph
from hanzi_lsgan.models.label_embedding import CODE_FEATURES, GlyphEmbedding, LabelEmbedding

CHARSET = "一三叩叨固圆永"
RARE = "\U0002a6d6"  # a hanzi of extension B, which no bundled font has


def test_label_embedding_is_a_linear_layer_on_a_one_hot_vector() -> None:
    torch.manual_seed(0)
    embedding = LabelEmbedding(classes=5, features=3, std=1.0)
    torch.nn.init.normal_(embedding.bias)
    labels = torch.tensor([4, 0, 4])
    one_hot = F.one_hot(labels, 5).float()
    expected = one_hot @ embedding.table.weight + embedding.bias
    torch.testing.assert_close(embedding(labels), expected)


def test_a_reference_glyph_is_ink_within_a_margin() -> None:
    glyph = reference_glyph("永")
    assert glyph is not None
    assert glyph.shape == (32, 32)
    assert glyph.max() > 230
    columns, rows = glyph.max(axis=0) > 0, glyph.max(axis=1) > 0
    assert not (columns[0] or columns[31] or rows[0] or rows[31])
    assert columns[1] and columns[30]  # it is wider than high, and fills the width
    assert reference_glyph(RARE) is None


def test_distances_of_codes_are_distances_of_glyphs() -> None:
    """As there are more components than glyphs, nothing is lost: the code is an isometry."""
    embedding = GlyphEmbedding(CHARSET, features=4)
    codes = embedding.all_codes()
    glyphs = [reference_glyph(character) for character in CHARSET]
    pixels = torch.from_numpy(np.array(glyphs)).reshape(len(CHARSET), -1) / 255
    ratios = torch.pdist(codes) / torch.pdist(pixels)
    torch.testing.assert_close(ratios, ratios.mean().expand_as(ratios), rtol=1e-4, atol=0)
    mean_square = codes.square().sum(dim=1).mean()
    torch.testing.assert_close(mean_square, torch.tensor(float(CODE_FEATURES)), rtol=1e-4, atol=0)
    torch.testing.assert_close(codes.mean(dim=0), torch.zeros(CODE_FEATURES), rtol=0, atol=1e-4)


def test_phi_is_a_projection_of_the_code() -> None:
    torch.manual_seed(0)
    embedding = GlyphEmbedding(CHARSET, features=4)
    codes = embedding.all_codes()
    torch.nn.init.normal_(embedding.projection.bias)
    labels = torch.tensor([3, 0])
    expected = codes[labels] @ embedding.projection.weight.T + embedding.projection.bias
    torch.testing.assert_close(embedding(labels), expected)


def test_a_characters_phi_does_not_depend_on_its_label_or_on_training() -> None:
    """After a new charset, a trained character keeps its Φ, and an unseen one has one."""
    torch.manual_seed(0)
    embedding = GlyphEmbedding(CHARSET, features=4).requires_grad_(False)
    before = embedding(torch.tensor([CHARSET.index("固")]))
    assert embedding.relabel("入固国") == ""
    after = embedding(torch.arange(3))
    torch.testing.assert_close(after[1:2], before)
    # 国 was not trained on; it looks like 固, and 入 does not.
    assert (after[2] - after[1]).norm() < (after[0] - after[1]).norm()


def test_a_character_that_the_font_lacks_has_a_row_that_training_moves() -> None:
    torch.manual_seed(0)
    embedding = GlyphEmbedding("一" + RARE, features=4)
    vectors = embedding(torch.tensor([0, 1, 1]))
    free = embedding.free_codes[0] @ embedding.projection.weight.T
    torch.testing.assert_close(vectors[1], free)
    vectors.sum().backward()
    assert embedding.free_codes.grad is not None
    assert embedding.free_codes.grad.abs().sum() > 0
    # It keeps the row under another label, and one that was not trained on has none.
    assert embedding.relabel(RARE + "一三") == ""
    torch.testing.assert_close(embedding(torch.tensor([0]))[0], free)
    assert embedding.relabel("一\U0002a6d5") == "\U0002a6d5"
    torch.testing.assert_close(embedding(torch.tensor([0]))[0], free)


def test_pictures_are_the_reference_glyphs() -> None:
    embedding = GlyphEmbedding("一永", features=4)
    embedding.relabel("固一")  # 固 was not trained on
    pictures = embedding.pictures(torch.tensor([1, 0, 1]), torch.tensor([3, 0, 3]))
    glyphs = [reference_glyph("一", 3), reference_glyph("固", 0), reference_glyph("一", 3)]
    expected = torch.from_numpy(np.array(glyphs)) / 255
    torch.testing.assert_close(pictures.squeeze(1), expected)
    of_one_character = embedding.pictures(torch.full((13,), 0), torch.arange(13))
    assert len(np.unique(of_one_character.numpy(), axis=0)) == 13


def test_a_character_that_the_font_lacks_is_pictured_by_its_row() -> None:
    torch.manual_seed(0)
    embedding = GlyphEmbedding(CHARSET + RARE, features=4)
    picture = embedding.pictures(torch.tensor([0, len(CHARSET)]), torch.tensor([2, 1]))[1]
    code = embedding.components @ (picture.flatten() - embedding.mean)
    used = embedding.components.any(dim=1)
    assert used.sum() == len(CHARSET) - 1
    torch.testing.assert_close(code[used], embedding.free_codes[0][used], rtol=1e-3, atol=1e-3)


def test_loaded_weights_bring_their_components() -> None:
    """Components are unique up to their signs only, which may differ between machines."""
    torch.manual_seed(0)
    embedding = GlyphEmbedding(CHARSET, features=4).requires_grad_(False)
    state = embedding.state_dict()
    state["components"] = -state["components"]
    state["projection.weight"] = -state["projection.weight"]
    loaded = GlyphEmbedding(CHARSET, features=4).requires_grad_(False)
    loaded.load_state_dict(state)
    labels = torch.arange(len(CHARSET))
    torch.testing.assert_close(loaded(labels), embedding(labels))
    assert "codes" not in state  # they follow from the rest

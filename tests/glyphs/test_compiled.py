"""Glyphs drawn by compiled code: the bytes that Pillow draws."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit, types

from data_tools.glyphs.compiled import compile_now, fit_glyphs
from data_tools.glyphs.fit import GLYPH_SIZES_PIXELS, Fit, GlyphOptions, fit_glyph
from data_tools.hwdb.gnt import GntRecord

_SIDES = st.integers(1, 130) | st.sampled_from([1, 400, 1000])


@st.composite
def records(draw: st.DrawFn) -> GntRecord:
    """Noise with background around, across and within it."""
    width, height = draw(_SIDES), draw(_SIDES)
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    bitmap = random.integers(0, 256, (height, width)).astype(np.uint8)
    bitmap[random.random((height, width)) < draw(st.sampled_from([0, 0.5, 0.99, 1]))] = 255
    bitmap[: draw(st.integers(0, height))] = 255
    bitmap[:, draw(st.integers(0, width)) :] = 255
    return GntRecord(0, "一", width, height, memoryview(bitmap.tobytes()))


@given(
    st.lists(records(), max_size=5),
    st.sampled_from(GLYPH_SIZES_PIXELS),
    st.sampled_from(["aspect", "stretch"]),
    st.integers(0, 13),
)
@settings(deadline=None)
def test_each_glyph_is_the_one_that_pillow_draws(
    drawn: list[GntRecord], size: int, fit: Fit, margin: int
) -> None:
    options = GlyphOptions(size, fit, margin)
    glyphs = fit_glyphs(drawn, options)
    assert glyphs.shape == (len(drawn), size, size)
    for glyph, record in zip(glyphs, drawn, strict=True):
        expected = fit_glyph(record.pixels, record.width, record.height, options)
        np.testing.assert_array_equal(glyph, expected)


def test_without_a_place_for_compiled_code_it_is_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def njit_without_a_place(*arguments: object, **options: object) -> Callable[..., Any]:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        compiling: Callable[..., Any] = njit(*arguments, **options)
        return compiling

    def fill(values: np.ndarray) -> None:
        values[:] = 3

    monkeypatch.setattr("data_tools.glyphs.compiled.njit", njit_without_a_place)
    values = np.zeros(2, np.int64)
    compile_now(fill, types.int64[::1])(values)
    assert values.tolist() == [3, 3]

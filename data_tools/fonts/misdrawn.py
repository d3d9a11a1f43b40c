"""Glyphs of bundled fonts that are another character than the one they stand for.

Liu Jian Mao Cao is a hand of 草书 and draws simplified characters by their traditional forms: 樂
for 乐, 無 for 无, 麵 for 面. Those have code points of their own. So of this font only that counts
which traditional writing has too, as Big5 tells, less what Big5 has beside the form that is drawn.
Zhi Mang Xing is simplified, but for a few parts.
"""

from data_tools.hwdb.charset import is_hanzi

_TRADITIONAL = "liu-jian-mao-cao"

_IN_BIG5_TOO = frozenset(
    "万丑丰云仆价体余党几划制干厂厘只台后听坏复宁尸岩岭帘庄异怜愿扑据晒朴机杰极气沈洁洒涌漓"
    "种秋系网胜腊苹虫蚝蜡赶适面升确惊宴岳郁仙儿优圣怀咒肌芋圩盂吁盱竽于邗酐矸忤耘芸昝咎"
    "离佣筑挂栖游秘苔"
)
"""Looked at one by one among those whose glyphs have most strokes for what they are, and those
that simplification has merged with others: 后 for 後, 干 for 乾, also in parts (肌, 竽, 耘). The
last eight (離, 傭, 築, 掛, 棲, 遊, 祕, 薹) were looked for when recognisers of the other fonts
(`benchmarks/fonts.py`) had read 离 and 挂 as something else."""

_MISDRAWN = {
    "long-cang": frozenset("汇洵殉隹妃时捱敏毓柘浑藁蒿醛飘柢靡糜煽榛浙濒嗤闪辕炯邗兽"),
    "ma-shan-zheng": frozenset("娈淦料菇莒潸鞣掂诨榄隹僖饧"),
    "zhi-mang-xing": frozenset("则侧测恻败责费贯赅轻渐摇撼瓢椿÷"),
    "setofont": frozenset("\\"),
    "kiloji": frozenset("\\"),
    "kouzan-regular": frozenset("于祟臥撚\\"),
    "kouzan-running": frozenset("于祟\\"),
    "kouzan-cursive": frozenset("彌瀰\\"),
    "zen-kurenaido": frozenset("\\"),
}
"""Found so too, or by the recogniser that comes with the weights, and looked at beside what they
were read as. Long Cang draws 江 for 汇, 時 for 时 and 曾 for 兽, and has 洵 and 殉, 敏 and 毓, 藁
and 蒿 in each other's place; Ma Shan Zheng draws 恋 for 娈 and 科 for 料, Zhi Mang Xing 憾 for 撼
and 則 for 则, and ÷ without its dots; Kouzan's hands draw 干 for 于 and 崇 for 祟. Six of the
Japanese fonts have ¥ at the place of the backslash, as JIS X 0201 does."""


def is_misdrawn(font: str, character: str) -> bool:
    """Whether a bundled font (the stem of its file's name) shows another character."""
    if character in _MISDRAWN.get(font, ()):
        return True
    if font != _TRADITIONAL or not is_hanzi(character):
        return False
    return character in _IN_BIG5_TOO or not _in_big5(character)


def _in_big5(character: str) -> bool:
    try:
        character.encode("big5")
    except UnicodeEncodeError:
        return False
    return True

"""Characters: their tags in `.gnt` files, and the sets of them that a user can ask for."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from data_tools.characters import is_file, take_characters
from data_tools.errors import UserError, join_message
from data_tools.hwdb.standard_sets import named_set

PAPER_FIGURE_CHARACTERS = (
    "暗朽叩栗穆隆叶幅溢些炳律寨三餐瓮恬藕俄雍靖绳沮惟霜纂朱随铃牺冉井固孟明恢薄职署置琴顾祖迄雁扶浼伺纡"
    "诗缮完焉苦蒜屋叨人宝俭赦韶兵"
)
"""The characters of the figure in Mao et al., ICCV 2017, that everybody knows."""

# Unicode's Ideographic blocks; 〇 is written like a hanzi and listed in dictionaries as one.
_HANZI_RANGES = ((0x3007, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF))
_HANZI_PLANES_2_AND_3 = range(0x20000, 0x40000)
_PRIVATE_USE = range(0xE000, 0xF900)


@lru_cache(maxsize=1 << 16)
def is_hanzi(character: str) -> bool:
    """Whether the character is a Chinese ideograph rather than a letter, digit or sign."""
    code = ord(character)
    return code in _HANZI_PLANES_2_AND_3 or any(low <= code <= high for low, high in _HANZI_RANGES)


@lru_cache(maxsize=1 << 16)
def character_of_tag(tag: bytes) -> str | None:
    """The character that a record's two tag bytes name, or None where no decoder knows them.

    GBK comes first; GB18030 adds the two-byte codes that it assigned later.
    """
    if tag[1] == 0:
        return chr(tag[0]) if 0x21 <= tag[0] <= 0x7E else None
    for encoding in ("gbk", "gb18030"):
        try:
            text = tag.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Two ASCII bytes decode to two characters, user-defined codes to the private area.
        if len(text) == 1 and ord(text) not in _PRIVATE_USE:
            return text
    return None


def tag_of_character(character: str) -> bytes:
    """The two tag bytes of a character, the inverse of `character_of_tag`.

    Raises:
        UserError: no two-byte tag decodes to the character.
    """
    if len(character) == 1 and 0x21 <= ord(character) <= 0x7E:
        return bytes((ord(character), 0))
    for encoding in ("gbk", "gb18030"):
        try:
            tag = character.encode(encoding)
        except UnicodeEncodeError:
            continue
        if len(tag) == 2 and character_of_tag(tag) == character:
            return tag
    raise UserError(f"{character!r} has no GBK tag, so a .gnt file cannot hold it; leave it out")


def has_tag(character: str) -> bool:
    """Whether a `.gnt` file can hold a character."""
    try:
        tag_of_character(character)
    except UserError:
        return False
    return True


@dataclass(frozen=True)
class CharacterSet:
    """Which characters to keep: an explicit set, or by kind when `characters` is None."""

    description: str
    characters: frozenset[str] | None = None
    hanzi_only: bool = False

    def __contains__(self, character: str) -> bool:
        if self.characters is not None:
            return character in self.characters
        return not self.hanzi_only or is_hanzi(character)


def parse_charset(text: str, where: str = "--charset") -> CharacterSet:
    """Turn what a user writes into a character set.

    Args:
        text: `hanzi` (every hanzi), `all`, one of `STANDARD_SETS`, or the path of a UTF-8 text file
            (both after an @ or not), or the characters themselves.
        where: what messages call it.

    Raises:
        UserError: no character is in the text, or it looks like a file that cannot be read, or like
            the name of a set that there is not.
    """
    if text == "hanzi":
        return CharacterSet("the hanzi", hanzi_only=True)
    if text == "all":
        return CharacterSet("all characters")
    if (standard := named_set(text)) is not None:
        return CharacterSet(text.removeprefix("@").upper(), standard)
    if not text.strip():
        remedy = "name hanzi, gb2312-1, gb2312, all, a file of characters, or the characters"
        raise UserError(join_message(where, "no character is in it", remedy))
    path = Path(text)
    if is_file(path):
        text, description = f"@{path}", f"the characters of {path.name}"
    elif text.startswith("@") and len(text) > 1:
        description = f"the characters of {Path(text[1:]).name}"
    else:
        description = "the characters given"
        if path.suffix == ".txt" or "/" in text:
            remedy = "name an existing UTF-8 file of characters"
            raise UserError(join_message(text, "there is no such file", remedy))
    characters = take_characters(text, where).characters
    return CharacterSet(description, frozenset(characters))

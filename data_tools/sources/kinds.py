"""What a file is, told by its name and its first bytes before anything is parsed.

The first bytes are believed before the name, since a web page or an archive under the name of a
`.gnt` file is still what it is; only where a name says that the file is a part of another (a
volume, a download that was broken off) or belongs to the system does the name come first.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from data_tools.hwdb.gnt import HEADER, is_sound_header

HEAD_BYTES = 512
"""As many first bytes as `kind_of` can make use of; a tar archive names itself at byte 257."""


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        one: what a file of the kind is, with its article: `a .rar archive`.
        many: the same of several: `.rar archives`.
        remedy: the way on where it cannot be read; empty where there is nothing to do.
    """

    one: str
    many: str
    remedy: str = ""

    def count(self, number: int) -> str:
        """So many of the kind, in words: `1 .rar archive`, `3 .rar archives`."""
        return f"{number:,} {self.many}" if number != 1 else f"1 {self.one.split(' ', 1)[1]}"


_NAME_THE_FOLDER = "and name the folder that it makes"

GNT = Kind("a .gnt file", ".gnt files")
ZIP = Kind("a .zip archive", ".zip archives")
TAR = Kind("a .tar archive", ".tar archives")
GZIP = Kind("a file packed by gzip", "files packed by gzip")
BZIP2 = Kind("a file packed by bzip2", "files packed by bzip2")
XZ = Kind("a file packed by xz", "files packed by xz")
PACKED = (GZIP, BZIP2, XZ)
"""Kinds that hold one file of another kind, such as the tar archive in a `.tar.gz`."""
PICTURE = Kind(
    "a picture, not a .gnt file",
    "pictures",
    "name a folder that holds a folder of pictures for each character",
)
OTHER_PICTURE = Kind(
    "a picture of a kind that is not read (.heic, .pgm, .svg)",
    "pictures of kinds that are not read (.heic, .pgm, .svg)",
    "convert to PNG, as by `magick mogrify -format png *.heic`",
)
HIDDEN_PICTURE = Kind(
    "a hidden picture",
    "hidden pictures",
    "give it, or the folder around it, a name that begins with no dot",
)
ARRAY = Kind(
    "an array of images or labels",
    "arrays of images or labels",
    "name the folder that holds both, as EMNIST and Kuzushiji have them",
)
RAR = Kind("a .rar archive", ".rar archives", f"unpack with unar or 7z {_NAME_THE_FOLDER}")
SEVEN_ZIP = Kind("a .7z archive", ".7z archives", f"unpack with 7z or unar {_NAME_THE_FOLDER}")
ALZ = Kind("an .alz archive", ".alz archives", f"unpack with unalz or unar {_NAME_THE_FOLDER}")
EGG = Kind("an .egg archive", ".egg archives", f"unpack with unar or ALZip {_NAME_THE_FOLDER}")
OTHER_ARCHIVE = Kind(
    "an archive of another kind",
    "archives of another kind",
    f"unpack with unar or 7z {_NAME_THE_FOLDER}",
)
VOLUME = Kind(
    "a volume of a split archive",
    "volumes of split archives",
    f"unpack with 7z, all volumes in one folder, {_NAME_THE_FOLDER}",
)
SPLIT_FILE = Kind(
    "a part of a split file",
    "parts of split files",
    "join all in their order, as by `cat a.zip.* > a.zip` or `cat xa? > a.zip`, and name the file "
    "that it makes",
)
DOWNLOAD = Kind(
    "a download that is not finished",
    "downloads that are not finished",
    "wait for its end or download it again",
)
UNFINISHED = Kind(
    "a file of a folder that is not finished",
    "files of folders that are not finished",
    "wait for its end, or delete the folder and write it again",
)
STROKES = Kind(
    "a file of pen strokes (online handwriting), not of images",
    "files of pen strokes (online handwriting), not of images",
    "get the archives of .gnt files, such as Gnt1.0Test.zip",
)
FEATURES = Kind(
    "a file of features (.mpf), from which no image can be made",
    "files of features (.mpf), from which no image can be made",
    "get the archives of .gnt files, such as Gnt1.0Test.zip",
)
TEXT_LINES = Kind(
    "a page (.dgrl) of text lines whose characters are not cut",
    "pages (.dgrl) of text lines whose characters are not cut",
    "`hanzi-lsgan export FILE --out …` brings the lines out",
)
GNTX = Kind(
    "a .gntx file, whose records are not those of .gnt",
    ".gntx files, whose records are not those of .gnt",
    "convert to .gnt or to pictures with a tool of its publisher",
)
HDF5 = Kind(
    "an HDF5 file, which is no source in a folder",
    "HDF5 files, which are no source in a folder",
    "if it is a store that prepare has made, name it itself, or hand it to train",
)
PARQUET = Kind("a Parquet file", "Parquet files")
LMDB = Kind("an LMDB database", "LMDB databases")
TABLES = (PARQUET, LMDB)
"""Kinds that hold pictures together with what they show, read by packages that are optional."""
LOCK = Kind("a lock file", "lock files")
TABLE_OF_PICTURES = Kind(
    "a table of pictures that is not read (.arrow, .feather, .tfrecord)",
    "tables of pictures that are not read (.arrow, .feather, .tfrecord)",
    "write it as Parquet, as `to_parquet` of datasets does, or as pictures, a folder for each "
    "character",
)
NUMBERS = Kind(
    "a file of numbers (.npy, .mat, .pt)",
    "files of numbers (.npy, .mat, .pt)",
    "write its images as pictures, a folder for each character",
)
PIXELS = Kind(
    "a table of pixels (.csv), a picture in each row",
    "tables of pixels (.csv), a picture in each row",
    "write its rows as pictures, a folder for each character",
)
ETL = Kind(
    "a file of the ETL Character Database",
    "files of the ETL Character Database",
    "unpack with its own tools into pictures, a folder for each character",
)
WEB_PAGE = Kind(
    "a web page or message that was saved in place of the data",
    "web pages or messages that were saved in place of the data",
    "open the address in a browser and download again",
)
EMPTY = Kind("an empty file", "empty files", "download or unpack it anew")
MACOS = Kind("a file of macOS metadata", "files of macOS metadata")
SYSTEM = Kind("a file of the system's own", "files of the system's own")
SPREADSHEET = Kind(
    "a spreadsheet",
    "spreadsheets",
    "save it as CSV, with columns file_name and text, or number and character where folders are "
    "numbered",
)
SPREADSHEET_SUFFIXES = (".xlsx", ".xls", ".ods", ".numbers")
TEXT = Kind("a text, table or document", "texts, tables and documents")
PROGRAM = Kind("a program or script", "programs and scripts")
OTHER = Kind("a file of an unknown kind", "files of an unknown kind")

UNPACKABLE = (ALZ, RAR, SEVEN_ZIP, EGG, VOLUME)
"""Archives that may hold samples, but must be unpacked by another tool."""

CLUTTER = (MACOS, SYSTEM, LOCK)
"""Kinds that no one means to name."""

_SYSTEM_NAMES = {"thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", ".git", ".svn", ".hg"}
_SYSTEM_NAMES |= {".directory", "@eadir", "system volume information", ".gitignore", ".gitkeep"}
_SYSTEM_NAMES |= {".gitattributes", "__pycache__", ".ipynb_checkpoints", ".cache", ".dvc"}
_MACOS_NAMES = {"__macosx", ".ds_store", ".fseventsd", ".spotlight-v100", ".trashes", ".trash"}
_MACOS_NAMES |= {".appledouble", ".temporaryitems", "icon\r", ".localized", ".apdisk"}

_VOLUME_NAME = re.compile(
    r"\.(zip|7z|rar|tar|gz|tgz|bz2|xz|gnt|alz|egg)\.\d{2,4}$|\.z\d\d$|\.r\d\d$|\.a\d\d$"
    r"|\.part0*\d+\.(rar|zip|7z|exe)$|\.vol\d+\.egg$",
    re.IGNORECASE,
)
# Of pictures and texts it is another name's end.
_NUMBERED_NAME = re.compile(r"\.\d{3}$")
_SPLIT_NAME = re.compile(
    r"\.(zip|7z|rar|tar|gz|tgz|bz2|xz|gnt|alz|egg)[.\-_](part[-_]?(\d{1,4}|a[a-z])|a[a-z])$",
    re.IGNORECASE,
)
_NAME_BY_SPLIT = re.compile(r"x[a-f][a-z]")  # where it is told no other
_LOCK_NAME = re.compile(r"lock\.mdb|.+\.(mdb|lmdb)-lock|.+\.lock", re.IGNORECASE)
_ETL_NAME = re.compile(r"ETL[1-9][BG]?_\d+|ETL8B2C\d")
_DOWNLOAD_NAME = re.compile(
    r"\.(crdownload|part|partial|download|aria2|!qb|!ut|opdownload|td|xltd|bc!|filepart|tmp|"
    r"downloading|baiduyun\.p\.downloading|ytdl|mega|ed2k)$",
    re.IGNORECASE,
)

_PHOTOGRAPH_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".webp")
PICTURE_SUFFIXES = (".png", ".bmp", ".dib", ".gif", *_PHOTOGRAPH_SUFFIXES)
"""Names of files that are taken for pictures, in lower case."""

# A suffix decides where the first bytes do not.
_KINDS_BY_SUFFIX: dict[str, Kind] = {
    **dict.fromkeys((".gnt",), GNT),
    **dict.fromkeys((".zip",), ZIP),
    **dict.fromkeys((".tar",), TAR),
    **dict.fromkeys((".gz", ".tgz"), GZIP),
    **dict.fromkeys((".bz2", ".tbz", ".tbz2"), BZIP2),
    **dict.fromkeys((".xz", ".txz"), XZ),
    **dict.fromkeys((".rar",), RAR),
    **dict.fromkeys((".7z",), SEVEN_ZIP),
    **dict.fromkeys((".alz",), ALZ),
    **dict.fromkeys((".egg",), EGG),
    **dict.fromkeys(
        (".cab", ".lzh", ".lha", ".arj", ".ace", ".zst", ".tzst", ".lz4", ".lzma", ".lz", ".z"),
        OTHER_ARCHIVE,
    ),
    **dict.fromkeys((".iso", ".dmg", ".zipx", ".sit", ".sitx", ".cpio", ".wim"), OTHER_ARCHIVE),
    **dict.fromkeys((".pot", ".pots", ".ptts", ".wptt", ".inkml", ".unp"), STROKES),
    **dict.fromkeys((".mpf",), FEATURES),
    **dict.fromkeys((".dgrl", ".dgr"), TEXT_LINES),
    **dict.fromkeys((".gntx",), GNTX),
    **dict.fromkeys((".h5", ".hdf5", ".hdf", ".he5"), HDF5),
    **dict.fromkeys((".parquet", ".pq"), PARQUET),
    **dict.fromkeys((".mdb", ".lmdb"), LMDB),
    **dict.fromkeys((".arrow", ".feather", ".tfrecord", ".tfrecords"), TABLE_OF_PICTURES),
    **dict.fromkeys((".npy", ".mat", ".pt", ".pth"), NUMBERS),
    **dict.fromkeys((".html", ".htm", ".mhtml", ".xhtml"), WEB_PAGE),
    **dict.fromkeys(PICTURE_SUFFIXES, PICTURE),
    **dict.fromkeys((".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".j2k"), OTHER_PICTURE),
    **dict.fromkeys(
        (".pgm", ".ppm", ".pbm", ".pnm", ".svg", ".psd", ".tga", ".ico"), OTHER_PICTURE
    ),
    **dict.fromkeys(
        (".xcf", ".pcx", ".eps", ".emf", ".wmf", ".dng", ".cr2", ".nef"), OTHER_PICTURE
    ),
    **dict.fromkeys((".npz",), ARRAY),
    **dict.fromkeys((".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml"), TEXT),
    **dict.fromkeys((".doc", ".docx", ".pdf", ".rtf", ".odt", ".ppt", ".pptx", ".caj"), TEXT),
    **dict.fromkeys((".xls", ".xlsx", ".ods", ".yaml", ".yml", ".toml", ".log", ".ini"), TEXT),
    **dict.fromkeys((".md5", ".sha1", ".sha256", ".sfv", ".torrent", ".url", ".lnk"), TEXT),
    **dict.fromkeys((".py", ".ipynb", ".m", ".c", ".cpp", ".h", ".java", ".sh", ".bat"), PROGRAM),
    **dict.fromkeys((".exe", ".dll", ".so", ".pyc", ".apk", ".jar"), PROGRAM),
}

_LMDB_MAGIC = b"\xde\xc0\xef\xbe"
_LMDB_MAGIC_AT = 16

_KINDS_BY_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"Rar!\x1a\x07", RAR),
    (b"7z\xbc\xaf\x27\x1c", SEVEN_ZIP),
    (b"ALZ\x01", ALZ),
    (b"EGGA", EGG),
    (b"PK\x07\x08PK\x03\x04", VOLUME),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"\x1f\x8b\x08", GZIP),
    (b"BZh", BZIP2),
    (b"\xfd7zXZ\x00", XZ),
    (b"\x28\xb5\x2f\xfd", OTHER_ARCHIVE),
    (b"\x04\x22\x4d\x18", OTHER_ARCHIVE),
    (b"MSCF\0\0\0\0", OTHER_ARCHIVE),
    (b"\x89HDF\r\n\x1a\n", HDF5),
    (b"\x89PNG\r\n\x1a\n", PICTURE),
    (b"\xff\xd8\xff", PICTURE),
    (b"GIF87a", PICTURE),
    (b"GIF89a", PICTURE),
    (b"II*\x00", PICTURE),
    (b"MM\x00*", PICTURE),
    (b"PAR1", PARQUET),
    (_LMDB_MAGIC, LOCK),  # its database has it behind the head of a page
    (b"ARROW1", TABLE_OF_PICTURES),
    (b"\x93NUMPY", NUMBERS),
    (b"MATLAB 5.0 MAT-file", NUMBERS),
    (b"\x00\x00\x08\x03", ARRAY),
    (b"\x00\x00\x08\x01", ARRAY),
    (b"\x00\x00\x00\x0cjP  \r\n", OTHER_PICTURE),
    (b"\x00\x00\x00\x0cJXL \r\n", OTHER_PICTURE),
    (b"8BPS\x00\x01", OTHER_PICTURE),
    (b"%PDF-", TEXT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", TEXT),
    (b"\x00\x05\x16\x07\x00\x02", MACOS),  # AppleDouble
    (b"\x00\x05\x16\x00\x00\x02", MACOS),  # AppleSingle
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
)

_PHOTOGRAPH_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
# A head that counts pixels, as `label,pixel0,pixel1` or `label,1x1,1x2`, or as many.
_PIXELS = re.compile(
    rb"[^\n]{0,80}?\b(?:(?:pixel|pix|px|p)[_ ]?[01]\W{1,4}(?:pixel|pix|px|p)[_ ]?[12]"
    rb"|1x1\W{1,4}1x2)\b|(?:[^\n,;\t.]{1,12}[,;\t])?(?:\d{1,3}(?:\.0)?[,;\t]){80}",
    re.IGNORECASE,
)
_MARKUP = re.compile(rb"<(!doctype|html|head|body|\?xml|error|script|title|!--)", re.IGNORECASE)
_OFFICE_SUFFIXES = (
    ".docx",
    ".xlsx",
    ".pptx",
    ".odt",
    ".ods",
    ".jar",
    ".apk",
    ".npz",
    ".whl",
    ".pt",
    ".pth",
)


def kind_of(name: str, head: bytes) -> Kind:
    """Tell what a file is.

    Args:
        name: of the file, with the folders above it as far as they belong to what was named, parted
            by `/`.
        head: its first bytes, `HEAD_BYTES` of them or all that there are.
    """
    if (kind := _kind_of_place(name)) is not None:
        return kind
    file_name = PurePosixPath(name).name
    if _VOLUME_NAME.search(file_name):
        return VOLUME
    if _SPLIT_NAME.search(file_name) or _NAME_BY_SPLIT.fullmatch(file_name):
        return SPLIT_FILE
    if _DOWNLOAD_NAME.search(file_name):
        return DOWNLOAD
    if not head:
        return EMPTY
    if _ETL_NAME.fullmatch(file_name):
        return ETL
    if is_sound_header(head[: HEADER.size]):
        return GNT
    suffix = PurePosixPath(name).suffix.lower()
    by_name = _KINDS_BY_SUFFIX.get(suffix)
    kind = _kind_of_bytes(head, suffix, by_name) or by_name or _kind_without_suffix(head)
    is_volume = _NUMBERED_NAME.search(file_name) and kind in (OTHER, ZIP, TAR, *UNPACKABLE, *PACKED)
    return VOLUME if is_volume else kind


def kind_of_name(name: str) -> Kind | None:
    """The kind where the name alone tells it for certain or all but certainly; else None.

    For members of archives and for pictures by the million, of which reading the first bytes would
    cost as much as the rest of the work.
    """
    if (kind := _kind_of_place(name)) is not None:
        return kind
    if _KINDS_BY_SUFFIX.get(PurePosixPath(name).suffix.lower()) is not PICTURE:
        return None
    # Programs keep previews and originals so, of pictures that lie beside.
    is_hidden = any(part.startswith(".") for part in PurePosixPath(name).parts)
    return HIDDEN_PICTURE if is_hidden else PICTURE


def _kind_of_place(name: str) -> Kind | None:
    """The kind of what systems leave lying about, told by a name or by a folder above it."""
    for part in PurePosixPath(name).parts:
        lower = part.lower()
        if lower.startswith("._") or lower in _MACOS_NAMES:
            return MACOS
        if lower in _SYSTEM_NAMES or lower.startswith(".trash-"):
            return SYSTEM
    if any(part.endswith(".partial") for part in PurePosixPath(name).parts[:-1]):
        return UNFINISHED  # as `replaced_folder.py` calls what a killed process leaves
    return LOCK if _LOCK_NAME.fullmatch(PurePosixPath(name).name) else None


def _kind_of_bytes(head: bytes, suffix: str, by_name: Kind | None) -> Kind | None:
    """The kind that the first bytes name; None where they name none."""
    if head[4:8] == b"DGRL":
        return TEXT_LINES
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return PICTURE
    if head[4:8] == b"ftyp" and head[8:12] in _PHOTOGRAPH_BRANDS:
        return OTHER_PICTURE
    # Two letters are few; the size of the file and four reserved zeros stand behind them.
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return PICTURE
    if head[257:262] == b"ustar":
        return TAR
    if head[_LMDB_MAGIC_AT:].startswith(_LMDB_MAGIC):
        return LMDB
    for magic, kind in _KINDS_BY_MAGIC:
        if head.startswith(magic):
            is_document = kind is ZIP and suffix in _OFFICE_SUFFIXES
            return (by_name or OTHER) if is_document else kind
    if by_name is TEXT and _PIXELS.match(head):
        return PIXELS
    if by_name in (TEXT, PROGRAM, OTHER_PICTURE):  # those in plain text are no messages
        return by_name
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if _MARKUP.match(text) or (by_name is not None and _is_message(text)):
        return WEB_PAGE
    return None


def _is_message(text: bytes) -> bool:
    """Whether a file of binary data by its name is JSON or plain words, as servers send errors."""
    if text[:1] in (b"{", b"["):
        return b'"' in text[:64]
    try:
        words = text.decode()
    except UnicodeDecodeError as error:
        # The head may end within a character.
        words = text[: error.start].decode() if error.start > len(text) - 4 else ""
    return len(words) >= 16 and all(letter.isprintable() or letter in "\t\r\n" for letter in words)


def _kind_without_suffix(head: bytes) -> Kind:
    """Text, or unknown."""
    return TEXT if _is_message(head) or (head.isascii() and head.isalnum()) else OTHER

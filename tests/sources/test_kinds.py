"""Kinds told by magic numbers as file(1) lists them, by names, and by what stands in the way."""

import bz2
import gzip
import io
import lzma
import tarfile

import numpy as np
import pytest
from PIL import Image

from data_tools.sources import kinds
from data_tools.sources.kinds import HEAD_BYTES, Kind, kind_of, kind_of_name
from tests.gnt_samples import gnt_bytes, raw_record

NOISE = bytes(range(200, 256)) * 4
GNT_HEAD = gnt_bytes("一丁")


def picture(format_name: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(stream, format_name)
    return stream.getvalue()[:HEAD_BYTES]


def tar_head() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a/1.gnt"), io.BytesIO())
    return stream.getvalue()[:HEAD_BYTES]


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("1001-c.gnt", GNT_HEAD, kinds.GNT),
        ("1001-C.GNT", NOISE, kinds.GNT),  # damaged perhaps, which is for the reader to say
        ("1.0test-gb1", GNT_HEAD, kinds.GNT),
        ("a.zip", b"PK\x03\x04" + NOISE, kinds.ZIP),
        ("a.gnt", b"PK\x03\x04" + NOISE, kinds.ZIP),
        ("a", b"PK\x05\x06" + bytes(18), kinds.ZIP),
        ("a.zip", NOISE, kinds.ZIP),
        ("a.zip", b"Rar!\x1a\x07\x01\x00" + NOISE, kinds.RAR),
        ("1.0train-gb1.rar", b"Rar!\x1a\x07\x00" + NOISE, kinds.RAR),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + NOISE, kinds.SEVEN_ZIP),
        ("a.alz", b"ALZ\x01\n\x00", kinds.ALZ),
        ("a.ALZ", NOISE, kinds.ALZ),
        ("a.egg", b"EGGA\x00\x01", kinds.EGG),
        ("IMG_1.HEIC", bytes((0, 0, 0, 24)) + b"ftypheic" + bytes(8), kinds.OTHER_PICTURE),
        ("a", bytes((0, 0, 0, 28)) + b"ftypavif" + bytes(8), kinds.OTHER_PICTURE),
        ("永/1.pgm", b"P2\n2 2\n255\n0 255 255 0 255 0\n", kinds.OTHER_PICTURE),
        ("a.ppm", b"P6\n2 2\n255\n" + NOISE, kinds.OTHER_PICTURE),
        ("a.svg", b'<?xml version="1.0"?><svg>', kinds.OTHER_PICTURE),
        ("a.tar", tar_head(), kinds.TAR),
        ("a.gnt", tar_head(), kinds.TAR),
        ("a.tar.gz", gzip.compress(b"x"), kinds.GZIP),
        ("a.tgz", gzip.compress(b"x"), kinds.GZIP),
        ("a.tar.bz2", bz2.compress(b"x"), kinds.BZIP2),
        ("a.txz", lzma.compress(b"x"), kinds.XZ),
        ("a.tar.zst", b"\x28\xb5\x2f\xfd" + NOISE, kinds.OTHER_ARCHIVE),
        ("a.zip.001", b"PK\x03\x04" + NOISE, kinds.VOLUME),
        ("a.zip.002", NOISE, kinds.VOLUME),
        ("a.z01", NOISE, kinds.VOLUME),
        ("a.part1.rar", b"Rar!\x1a\x07\x00" + NOISE, kinds.VOLUME),
        ("a.r00", NOISE, kinds.VOLUME),
        ("a.7z.001", b"7z\xbc\xaf\x27\x1c" + NOISE, kinds.VOLUME),
        ("a.tar.gz.003", NOISE, kinds.VOLUME),
        ("a.001", b"PK\x03\x04" + NOISE, kinds.VOLUME),
        ("a.002", NOISE, kinds.VOLUME),
        ("a.001", b"Rar!\x1a\x07\x00" + NOISE, kinds.VOLUME),
        ("永.001", picture("PNG"), kinds.PICTURE),
        ("hwdb.001", GNT_HEAD, kinds.GNT),
        ("notes.001", b"HWDB offline characters, 300 writers", kinds.TEXT),
        ("a.zip.aa", b"PK\x03\x04" + NOISE, kinds.SPLIT_FILE),
        ("a.zip.ab", NOISE, kinds.SPLIT_FILE),
        ("a.tar.gz.partaa", gzip.compress(b"x"), kinds.SPLIT_FILE),
        ("a.tar.gz-part-02", NOISE, kinds.SPLIT_FILE),
        ("a.zip.part1", b"PK\x03\x04" + NOISE, kinds.SPLIT_FILE),
        ("xaa", b"PK\x03\x04" + NOISE, kinds.SPLIT_FILE),
        ("hwdb/xbz", NOISE, kinds.SPLIT_FILE),
        ("x00", gzip.compress(b"x"), kinds.GZIP),
        ("xml", b"<?xml version='1.0'?><a/>", kinds.WEB_PAGE),
        ("a.gnt.gz", gzip.compress(b"x"), kinds.GZIP),
        ("a.zip.1", b"PK\x03\x04" + NOISE, kinds.ZIP),  # a second download, as wget names it
        ("a.zip.crdownload", b"PK\x03\x04" + NOISE, kinds.DOWNLOAD),
        ("a.zip.part", b"PK\x03\x04" + NOISE, kinds.DOWNLOAD),
        ("a.gnt.partial", GNT_HEAD, kinds.DOWNLOAD),
        ("a.zip.aria2", NOISE, kinds.DOWNLOAD),
        ("a.zip.!qB", NOISE, kinds.DOWNLOAD),
        ("1001.pot", NOISE, kinds.STROKES),
        ("1001.ptts", NOISE, kinds.STROKES),
        ("001.mpf", NOISE, kinds.FEATURES),
        ("001-P16.dgrl", NOISE, kinds.TEXT_LINES),
        ("001-P16.gnt", b"\x24\0\0\0DGRL\0\0\0\0" + NOISE, kinds.TEXT_LINES),
        ("book.gntx", NOISE, kinds.GNTX),
        ("book.gntx", GNT_HEAD, kinds.GNT),
        ("HWDB1.1.hdf5", b"\x89HDF\r\n\x1a\n" + NOISE, kinds.HDF5),
        ("v73.mat", b"\x89HDF\r\n\x1a\n" + NOISE, kinds.HDF5),
        ("a.gnt", b"<!DOCTYPE html><html><title>404", kinds.WEB_PAGE),
        ("a.zip", b"\xef\xbb\xbf\r\n <html>", kinds.WEB_PAGE),
        ("a.zip", b'<?xml version="1.0"?><Error><Code>AccessDenied', kinds.WEB_PAGE),
        ("a.gnt", b'{"error": "file not found"}', kinds.WEB_PAGE),
        ("a.gnt", b"<html>" + "页面不存在".encode() * 20, kinds.WEB_PAGE),
        ("a.zip", "对不起，您访问的文件不存在。".encode() * 20, kinds.WEB_PAGE),
        ("index", b"<html><body>", kinds.WEB_PAGE),
        ("classes.json", b'{"a": 1}', kinds.TEXT),
        ("a.gnt", b"", kinds.EMPTY),
        ("a.zip", b"", kinds.EMPTY),
        ("readme.txt", b"HWDB offline", kinds.TEXT),
        ("README", b"HWDB offline characters, 300 writers", kinds.TEXT),
        ("train.csv", b"label,pixel0,pixel1,pixel2\n3,0,0,0\n", kinds.PIXELS),
        ("chineseMNIST.csv", b"pixel_0,pixel_1,pixel_2\n", kinds.PIXELS),
        ("mnist_train.csv", b"label,1x1,1x2,1x3\n", kinds.PIXELS),
        ("x.csv", "character;p1;p2;p3\n永;0;0;0\n".encode(), kinds.PIXELS),
        ("emnist-balanced-train.csv", b"45," + b"0," * 784, kinds.PIXELS),
        ("x.csv", "永\t".encode() + b"255.0\t" * 784, kinds.PIXELS),
        ("labels.csv", b"filename,label\n0.png,1\n", kinds.TEXT),
        ("one_hot.csv", b"0.png," + b"0," * 784, kinds.TEXT),
        ("list.xlsx", b"PK\x03\x04" + NOISE, kinds.TEXT),
        ("._001-f.gnt", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", kinds.MACOS),
        ("__MACOSX/HWDB/._001-f.gnt", GNT_HEAD, kinds.MACOS),
        ("001-f.gnt", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", kinds.MACOS),
        (".DS_Store", b"\x00\x00\x00\x01Bud1", kinds.MACOS),
        ("a/Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", kinds.SYSTEM),
        ("desktop.ini", b"[.ShellClassInfo]", kinds.SYSTEM),
        (".git/objects/12/34.gnt", NOISE, kinds.SYSTEM),
        ("train-00000-of-00001.parquet", b"PAR1" + NOISE, kinds.PARQUET),
        ("train.lmdb/data.mdb", bytes(16) + NOISE, kinds.LMDB),
        ("train", bytes(16) + b"\xde\xc0\xef\xbe" + NOISE, kinds.LMDB),
        ("train.lmdb/lock.mdb", NOISE, kinds.LOCK),
        ("train.mdb-lock", NOISE, kinds.LOCK),
        ("corpus/font-drawn-trn_gnt.lock", b"", kinds.LOCK),
        ("train-0.tfrecord", NOISE, kinds.TABLE_OF_PICTURES),
        ("images.npy", b"\x93NUMPY\x01\x00" + NOISE, kinds.NUMBERS),
        ("hwdb.pt", b"PK\x03\x04" + NOISE, kinds.NUMBERS),
        ("ETL8G/ETL8G_01", NOISE, kinds.ETL),
        ("ETL9B_1", NOISE, kinds.ETL),
        ("mystery.bin", NOISE, kinds.OTHER),
        ("mystery", NOISE, kinds.OTHER),
    ],
)
def test_the_kind_of_a_file(name: str, head: bytes, kind: Kind) -> None:
    assert kind_of(name, head[:HEAD_BYTES]) is kind


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF"])
@pytest.mark.parametrize("name", ["a", "a.gnt", "a.png", "a.zip"])
def test_pictures_are_known_by_their_first_bytes(format_name: str, name: str) -> None:
    assert kind_of(name, picture(format_name)) is kinds.PICTURE


def test_a_sound_record_is_believed_whatever_its_size_field_looks_like() -> None:
    # 0x4d42 is BM, the mark of a bitmap: 19,768 pixels and 10 bytes of header.
    head = raw_record(size=0x4D42, width=353, height=56, pixels=0)
    assert head.startswith(b"BM")
    assert 353 * 56 + 10 == 0x4D42
    assert kind_of("w.gnt", head + bytes(64)) is kinds.GNT


@pytest.mark.parametrize("name", ["1001-c.gnt", "a.zip", "readme", "x.h5"])
def test_names_alone_decide_only_what_is_certain(name: str) -> None:
    assert kind_of_name(name) is None


def test_every_kind_that_cannot_be_read_has_a_way_on() -> None:
    for kind in (*kinds.UNPACKABLE, kinds.STROKES, kinds.FEATURES, kinds.TEXT_LINES, kinds.GNTX):
        assert kind.remedy
    for kind in kinds.UNPACKABLE:
        assert kind.remedy.startswith("unpack with ")
    assert kinds.RAR.count(1) == "1 .rar archive"
    assert kinds.RAR.count(1200) == "1,200 .rar archives"

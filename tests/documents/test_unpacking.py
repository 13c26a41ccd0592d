"""Packed documents: unpacked as they stream by, in any format, within bounds."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import random
import sys
import zlib
from collections.abc import Callable

import pytest
from document_helpers import NOTHING, Save, append, peak_of, piped, read, refusal, text_of
from pdf_files import pdf

from keydiff_cli.documents import open_document, unpacking

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Pack = Callable[[bytes], bytes]
PACKS: dict[str, Pack] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}
LOG = "".join(f"2024-05-07 {n:06} gate {n % 7} – open\n" for n in range(20_000))


@pytest.fixture(params=PACKS)
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_packed_text(how: str, save: Save) -> None:
    data = PACKS[how](LOG.encode())
    document = open_document(save("gate.log", data), NOTHING)
    assert (document.name, document.kind, document.total) == ("gate.log", "text", None)
    assert read(document) == LOG
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.warnings == []
    document = piped(data)
    assert (read(document), document.sha256) == (LOG, hashlib.sha256(data).hexdigest())


def test_a_packed_pdf(how: str, save: Save) -> None:
    data = PACKS[how](pdf(["hi", "ho"]))
    document = open_document(save("a", data), NOTHING)
    assert (document.kind, document.pages) == ("pdf", 2)
    assert read(document) == "hi\nho\n"
    assert document.sha256 == hashlib.sha256(data).hexdigest()


def test_parts_that_follow_each_other_and_zeros_behind_them(how: str) -> None:
    pack = PACKS[how]
    assert text_of(pack(b"one\n") + pack(b"") + pack("zwölf\n".encode()) + bytes(1024)) == (
        "one\nzwölf\n"
    )


def test_packed_twice_but_not_more_often(how: str) -> None:
    pack = PACKS[how]
    twice = bz2.compress(pack(LOG.encode()))
    document = piped(twice)
    assert read(document) == LOG
    assert document.sha256 == hashlib.sha256(twice).hexdigest()
    assert "compressed more than 2 times" in refusal(lambda: piped(pack(twice)))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_packed_text_that_is_cut_off(share: float, how: str) -> None:
    noise = random.Random(3).randbytes(200_000).hex().encode()  # more than the first look takes
    data = PACKS[how](noise)
    message = refusal(lambda: text_of(data[: int(share * len(data))]))
    assert message.startswith(f"standard input is cut off: its {how} data")


def test_a_packed_text_that_is_damaged(how: str) -> None:
    noise = random.Random(3).randbytes(200_000).hex().encode()
    data = bytearray(PACKS[how](noise))
    for place in range(50, len(data), 997):
        data[place] ^= 0x55
    assert f"is damaged: its {how} data" in refusal(lambda: text_of(bytes(data)))
    other = PACKS[how](b"text") + b"something else behind it"
    assert "is damaged" in refusal(lambda: text_of(other))


def test_nothing_and_what_cannot_be_read(how: str) -> None:
    pack = PACKS[how]
    assert "is empty" in refusal(lambda: piped(pack(b"")))
    assert "PNG image" in refusal(lambda: piped(pack(b"\x89PNG\r\n\x1a\n" + bytes(20))))


def test_a_packed_file_does_not_grow(how: str, save: Save) -> None:
    path = save("gate.log", PACKS[how](LOG.encode()))
    document = open_document(path, NOTHING)
    append(path, PACKS[how](b"more\n"))
    assert "changed while" in refusal(lambda: read(document))
    document.close()


def bomb(size: int, how: str) -> bytes:
    block = b"a" * (1 << 20)
    if how == "gzip":
        packer = zlib.compressobj(9, wbits=31)
        return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()
    return PACKS[how](block * (size >> 20))


def test_bombs_are_refused(how: str, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_ANY_TIMES", 2 << 20)
    path = save("bomb", bomb(8 << 20, how))
    document = open_document(path, NOTHING)
    assert "more than 500 times its size" in refusal(lambda: read(document))


def test_a_bomb_takes_no_memory(save: Save) -> None:
    small, large = save("small", gzip.compress(b"text")), save("bomb", bomb(24 << 20, "gzip"))
    assert peak_of(large) < peak_of(small) + (12 << 20)


def test_a_bomb_in_a_bomb(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_ANY_TIMES", 2 << 20)
    path = save("bomb", gzip.compress(bomb(8 << 20, "gzip")))
    document = open_document(path, NOTHING)
    assert "more than 500 times" in refusal(lambda: read(document))


def test_what_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_BYTES", 400_000)
    document = piped(gzip.compress(LOG.encode()))
    assert "more than 400 kB" in refusal(lambda: read(document))


def test_an_xz_file_that_needs_too_much_memory() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 << 20}]
    data = lzma.compress(b"text", filters=filters)
    assert "Memory usage limit exceeded" in refusal(lambda: piped(data))


@pytest.mark.parametrize("data", [b"BZhan is a name", b"BZh91AY, SY", b"(\xb5/ of a text)"])
def test_texts_that_begin_almost_like_packed_data(data: bytes) -> None:
    assert text_of(data)


def test_no_damage_crashes(how: str) -> None:
    dice = random.Random(7)
    whole = PACKS[how](LOG[:9000].encode())
    for _ in range(60):
        data = bytearray(whole[: dice.randrange(8, len(whole) + 1)])
        for _ in range(dice.randrange(3)):
            data[dice.randrange(8, len(data)) if len(data) > 8 else 0] = dice.randrange(256)
        try:
            text_of(bytes(data))
        except unpacking.DocumentError as error:
            assert str(error).isprintable()

"""The encoding of a text: known by its mark, guessed from its bytes, decoded over any cut."""

from __future__ import annotations

import codecs
import marshal
import random
import struct

import pytest
from document_helpers import piped, read, text_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keydiff_cli.documents import byte_stream
from keydiff_cli.documents.decoder import Decoder
from keydiff_cli.documents.encoding import Encoding, find_encoding

MANY = 400  # lines, which are more than the sample of 8 KiB


@pytest.fixture(autouse=True)
def _small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_stream, "SAMPLE", 8 * 1024)


@pytest.mark.parametrize(
    ("codec", "mark"),
    [
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_byte_order_marks(codec: str, mark: bytes) -> None:
    text = "häßlich 漢字 😀\n" * 20_000
    document = piped(mark + text.encode(codec))
    assert read(document) == text
    assert document.warnings == []


@pytest.mark.parametrize("text", ["café", "Müller", "résumé à la carte, déjà vu", "price: 5 €"])
def test_short_western_texts(text: str) -> None:
    assert text_of(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1251", "Вечером книга лежала на столе, и лунный свет проникал в окно.\n"),
        ("koi8-r", "Вечером книга лежала на столе, и лунный свет проникал в окно.\n"),
        ("shift_jis", "夕方、本は机の上に置かれ、月の光が窓から部屋に差し込んでいた。\n"),
        ("cp1252", "Die Prüfung der Bücher über längere Zeiträume führte zu Änderungen.\n"),
        ("cp1250", "Późnym wieczorem książka leżała na stole, a światło wpadało przez okno.\n"),
    ],
)
@pytest.mark.parametrize("times", [6, MANY])
def test_guessed_encodings(codec: str, text: str, times: int) -> None:
    document = piped((text * times).encode(codec))
    assert read(document) == text * times
    assert len(document.warnings) == 1
    assert "1252" in document.warnings[0] or "a guess" in document.warnings[0]


@pytest.mark.parametrize(
    "text",
    [
        "Hello, world.",
        "ok",
        "Die Fähre fährt um neun Uhr.\r\nZurück um elf.\r\n",
        "Встреча во вторник, в 9:30.\n",
        "Η συνεδρίαση είναι την Τρίτη.\n",
        "下次会议将于星期二下午举行，所有委员都必须参加。\n",
        "下次会议将于星期二下午举行",
        "次の会議は火曜日の午後に行われます。\n",
        "다음 회의는 화요일 오후에 열립니다.\n",
    ],
)
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("times", [1, MANY])
def test_utf_16_and_utf_32_without_a_mark(text: str, codec: str, times: int) -> None:
    document = piped((text * times).encode(codec))
    assert read(document) == (text * times).replace("\r\n", "\n")
    assert len(document.warnings) == 1
    assert "without a byte order mark, a guess" in document.warnings[0]


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("iso2022_jp", "次の会議は May 4 の午後、\n市役所で行われます。\n"),
        ("iso2022_kr", "다음 회의는 May 4 오후에\n시청에서 열립니다.\n"),
        ("hz", "下次会议将于 May 4 下午举行，\n所有委员都必须参加。\n"),
    ],
)
@pytest.mark.parametrize("times", [1, MANY])
def test_encodings_of_seven_bits(codec: str, text: str, times: int) -> None:
    document = piped((text * times).encode(codec))
    assert read(document) == text * times
    assert document.warnings == []


@pytest.mark.parametrize("text", ["cost~{5}~ or ~{it~}", "\x1b(B plain \x1b[0m", "a \x1b$B sign"])
def test_texts_that_look_like_encodings_of_seven_bits(text: str) -> None:
    assert find_encoding(text.encode()) == Encoding("utf-8", "UTF-8")


@pytest.mark.parametrize("data", [b"\xff\xfe 3% \x80", b"ok \x90\x91 ok", b"\xf0\x9f\x98 end"])
def test_a_few_bytes_without_sense_are_strays(data: bytes) -> None:
    assert find_encoding(b"a log of something " * 9 + data) == Encoding("utf-8", "UTF-8")


@pytest.mark.parametrize(
    "data",
    [
        b"one\0two\0three",
        bytes(4096) + b"a log\n" * 90,
        b"a log\n" * 90 + bytes(4096) + b"and on\n" * 9,
        b"\0".join(b"line %d\n" % n for n in range(99)),
        bytes(99) + "Grüße an alle\n".encode() * 9,
    ],
)
def test_nul_bytes_are_dropped_and_counted_wherever_they_stand(data: bytes) -> None:
    document = piped(data)
    assert read(document) == data.replace(b"\0", b"").decode()
    assert document.warnings == [f"dropped {data.count(0):,} NUL bytes of standard input"]


@pytest.mark.parametrize(
    "data",
    [
        bytes(5000),
        struct.pack("<500i", *range(500)),
        struct.pack("<500d", *(n / 7 for n in range(500))),
        random.Random(3).randbytes(3000),
        b"name\0\1\0\0\0\x80\x3f" * 40,
        marshal.dumps(test_byte_order_marks.__code__),
    ],
)
def test_binary_data_is_no_text(data: bytes) -> None:
    assert find_encoding(data) is None


def test_wrong_bytes_of_a_guessed_encoding_are_counted() -> None:
    text = "夕方、本は机の上に置かれ、月の光が窓から部屋に差し込んでいた。\n" * MANY
    document = piped(text.encode("shift_jis") + b"\x81 \x81 end")
    assert read(document).endswith(" end")
    assert any("could not be decoded as Shift JIS" in line for line in document.warnings)


CODECS = ["utf-8", "utf-16-le", "utf-32-be", "cp1252", "mac_roman", "cp932", "euc_jp", "johab"]
CODECS += ["gb18030", "big5hkscs", "iso2022_jp_ext", "iso2022_kr", "hz"]


@given(
    st.sampled_from(CODECS),
    st.lists(
        st.one_of(
            st.text(st.characters(codec="utf-8")).map(str.encode),
            st.binary(max_size=6),
            st.sampled_from([b"\r", b"\n", b"\r\n", b"\x1b$B", b"\x1b(B", "😀".encode()[:3]]),
        )
    ).map(b"".join),
    st.lists(st.integers(1, 7), min_size=1, max_size=6),
)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_no_cut_changes_the_text(codec: str, data: bytes, sizes: list[int]) -> None:
    encoding = Encoding(codec, codec)
    whole, cut = Decoder(encoding), Decoder(encoding)
    expected = whole.decode(data, final=True)
    text, at, turn = "", 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        text += cut.decode(data[at : at + size])
        at, turn = at + size, turn + 1
        assert data[:at].endswith(cut.pending)
    assert text + cut.decode(b"", final=True) == expected
    assert (cut.stray, cut.nuls, cut.replaced) == (whole.stray, whole.nuls, whole.replaced)
    assert "\0" not in expected
    expected.encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(
    ("codec", "text"),
    [
        *((codec, "Ünï 漢字 😀\n") for codec in ("utf-8", "utf-16-le", "utf-32-be", "gb18030")),
        *((codec, "会議 May 4 の午後\n") for codec in ("cp932", "euc_jp", "iso2022_jp_ext")),
        *((codec, "회의 May 4 오후\n") for codec in ("cp949", "johab", "iso2022_kr")),
        ("hz", "会议 May 4 下午\n"),
        ("big5hkscs", "會議 May 4 下午\n"),
        *((codec, "Größe\n") for codec in ("cp1252", "cp850", "mac_roman")),
    ],
)
def test_no_cut_changes_a_text_in_any_encoding(codec: str, text: str, size: int) -> None:
    decoder = Decoder(Encoding(codec, codec))
    data = (text * 5).encode(codec)
    out = ""
    for at in range(0, len(data), size):
        out += decoder.decode(data[at : at + size])
        assert data[: at + size].endswith(decoder.pending)
    assert out + decoder.decode(b"", final=True) == text * 5
    assert (decoder.stray, decoder.replaced) == (0, 0)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\x07\x08\x1b")))
@settings(deadline=None, derandomize=True)
def test_valid_text_is_kept(text: str) -> None:
    text = "plain words so that control characters are few " * 9 + text
    assume(sum(c < " " or c == "\x7f" for c in text) < 10)
    assert text_of(text.encode()) == text.replace("\r\n", "\n").replace("\r", "\n")

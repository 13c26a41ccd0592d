"""The encoding of a text: known by its mark, guessed from its bytes, decoded over any cut."""

from __future__ import annotations

import codecs

import pytest
from document_helpers import piped, read, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from keydiff_cli.documents.encoding import Decoder, find_encoding


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
@pytest.mark.parametrize("times", [6, 9000])
def test_guessed_encodings(codec: str, text: str, times: int) -> None:
    document = piped((text * times).encode(codec))
    assert read(document) == text * times
    assert len(document.warnings) == 1
    assert "1252" in document.warnings[0] or "a guess" in document.warnings[0]


def test_wrong_bytes_of_a_guessed_encoding_are_counted() -> None:
    text = "夕方、本は机の上に置かれ、月の光が窓から部屋に差し込んでいた。\n" * 5000
    document = piped(text.encode("shift_jis") + b"\x81 \x81 end")
    assert read(document).endswith(" end")
    assert any("could not be decoded as cp932" in line for line in document.warnings)


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(codec="utf-8")).map(str.encode),
            st.binary(max_size=6),
            st.sampled_from([b"\r", b"\n", b"\r\n", "😀".encode()[:3]]),
        )
    ).map(b"".join),
    st.lists(st.integers(1, 7), min_size=1, max_size=6),
)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_no_cut_changes_the_text(data: bytes, sizes: list[int]) -> None:
    encoding = find_encoding(data)
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
    assert "\r" not in expected and "\0" not in expected
    expected.encode()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
@settings(deadline=None, derandomize=True)
def test_valid_text_is_kept(text: str) -> None:
    text = "plain words so that control characters are few " * 9 + text
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    if sum(c < " " or c == "\x7f" for c in text) < 10:
        assert text_of(text.encode()) == expected

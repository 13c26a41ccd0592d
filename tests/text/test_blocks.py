"""Text to tokens to blocks: nothing lost or doubled, and tokenised as if it came whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_helpers import SAMPLE, SpaceFirst, decode, joined, numbered, split_at

from keydiff_cli.llama import Model
from keydiff_cli.text.blocks import MAX_PIECE, Tokenizer, blocks, cut_text, safe_cut

steady = settings(derandomize=True, deadline=None, max_examples=200)

wordy = st.text("ab1_ .\nÀ東", max_size=120)  # borders, and what only looks like one
# The small model's vocabulary has no bytes for a few control characters and unassigned planes.
known = st.characters(
    codec="utf-8", max_codepoint=0x3FFFF, exclude_characters="\4\6\x13\x14\x16\x1d"
)
varied = st.one_of(
    wordy,
    st.text(known, max_size=60),
    st.lists(
        st.sampled_from(
            [
                "word",
                " ",
                "  ",
                "\n\n",
                "\t",
                "2023",
                "don't",
                "<|im_end|>",
                "<bos>",
                "é",
                "👩\u200d🚀",
            ]
        ),
        max_size=30,
    ).map("".join),
)
cuts = st.lists(st.integers(0, 130), max_size=10)


def borders(text: str) -> list[int]:
    """Where a space stands between a letter or digit and a letter."""
    inside = range(1, len(text) - 1)
    return [i for i in inside if text[i] == " " and text[i - 1].isalnum() and text[i + 1].isalpha()]


# Cutting text ---------------------------------------------------------------------------------


@given(wordy, st.integers(1, 130))
@steady
def test_the_cut_is_at_the_last_border(text: str, limit: int) -> None:
    expected = len(text)
    if len(text) > limit:
        expected = max((border for border in borders(text) if border <= limit), default=limit)
    assert safe_cut(text, limit) == expected


@pytest.mark.parametrize("limit", [700, 1024, 1025, 1500, 2048, 3000, MAX_PIECE, 10_000])
@pytest.mark.parametrize("border", [1, 100, 690])
def test_a_border_is_found_however_far_back(limit: int, border: int) -> None:
    text = "x" * border + " " + "x" * 20_000
    assert safe_cut(text, limit) == border


def test_without_a_border_the_cut_is_at_the_limit() -> None:
    assert safe_cut("x" * 9000, 4096) == 4096
    assert safe_cut("1 2 3 4 5", 4) == 4
    assert safe_cut(" word", 3) == 3


@given(st.one_of(wordy, st.text(max_size=120)), cuts, st.integers(1, 130))
@steady
def test_cut_text_loses_and_doubles_nothing(text: str, places: list[int], limit: int) -> None:
    pieces = list(cut_text(split_at(text, places), limit))
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= limit for piece in pieces)


def test_cut_text_of_nothing_is_nothing() -> None:
    assert list(cut_text([])) == []
    assert list(cut_text(["", ""])) == []


def test_cut_text_waits_for_no_more_than_it_needs() -> None:
    def endless():
        while True:
            yield "some words "

    assert len(next(cut_text(endless(), 100))) in range(90, 101)


# Tokens ---------------------------------------------------------------------------------------


def tokenized(model: Model, text: str, places: list[int], limit: int) -> list[np.ndarray]:
    tokenizer = Tokenizer(model)
    pieces = cut_text(split_at(text, places), limit)
    return [tokenizer(piece, first=number == 0) for number, piece in enumerate(pieces)]


@given(varied, cuts, st.integers(1, 40))
@steady
def test_a_space_before_every_text_comes_only_once(
    text: str, places: list[int], limit: int
) -> None:
    model = SpaceFirst()
    found = decode(model, joined(tokenized(model, text, places, limit)))
    assert found == (b" " + text.encode() if text else b"")


@pytest.mark.model
@given(text=varied, places=cuts, limit=st.integers(1, 40))
@settings(steady, max_examples=100)
def test_tokens_give_the_text_back(
    small_model: Model, text: str, places: list[int], limit: int
) -> None:
    parts = tokenized(small_model, text, places, limit)
    assert decode(small_model, joined(parts)) == text.encode()
    assert all(part.dtype == np.int32 for part in parts)


def check_prose(model: Model) -> None:
    """English prose comes out token for token as if it had come whole."""
    text = (SAMPLE / "harbour-report.txt").read_text(encoding="utf-8")
    whole = model.tokenize(text).tolist()
    for seed, limit in enumerate([200, 777, MAX_PIECE]):
        places = np.random.default_rng(seed).integers(0, len(text), 30).tolist()
        assert joined(tokenized(model, text, places, limit)) == whole


@pytest.mark.model
def test_prose_in_pieces_is_tokenised_as_if_whole(small_model: Model) -> None:
    check_prose(small_model)


@pytest.mark.large
@pytest.mark.parametrize("fixture", ["gemma_path", "half_billion_path"])
def test_other_vocabularies(fixture: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(fixture)
    model = Model(path, weights=False)
    try:
        check_prose(model)

        @given(varied, cuts, st.integers(1, 40))
        @settings(steady, max_examples=100)
        def check_any(text: str, places: list[int], limit: int) -> None:
            text = text.replace("\u2581", "")  # SentencePiece reads it as a space
            assert decode(model, joined(tokenized(model, text, places, limit))) == text.encode()

        check_any()
    finally:
        model.close()


# Blocks ---------------------------------------------------------------------------------------


@given(
    st.integers(0, 200),
    st.lists(st.integers(1, 70), min_size=1, max_size=6),
    st.integers(1, 64),
    st.integers(0, 1000),
)
@steady
def test_blocks_are_full_and_in_order(count: int, sizes: list[int], size: int, start: int) -> None:
    found = list(blocks(numbered(range(count), sizes), size, start))
    assert joined(block.ids for block in found) == list(range(count))
    assert [block.start for block in found] == [start + size * n for n in range(len(found))]
    assert all(len(block.ids) == size for block in found[:-1])
    assert all(0 < len(block.ids) <= size for block in found[-1:])
    assert all(block.ids.dtype == np.int32 for block in found)


def test_a_block_comes_as_soon_as_it_is_full() -> None:
    def parts():
        yield np.arange(5, dtype=np.int32)
        raise AssertionError("read on too early")

    source = blocks(parts(), 2)
    assert [next(source).start, next(source).start] == [0, 2]


def test_empty_parts_make_no_blocks() -> None:
    nothing = np.empty(0, np.int32)
    assert list(blocks([nothing, nothing], 4)) == []

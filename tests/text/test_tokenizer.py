"""Text to tokens and back: tokenised in pieces as if it came whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_helpers import SAMPLE, PlainBytes, SpaceFirst, decode, joined, split_at
from text_strategies import cuts, steady, varied

from keydiff_cli.llama import Model
from keydiff_cli.text.cutting import MAX_PIECE, cut_text
from keydiff_cli.text.tokenizer import Tokenizer


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
    decoded = decode(model, joined(tokenized(model, text, places, limit)))
    assert decoded == (b" " + text.encode() if text else b"")


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


@pytest.mark.parametrize(("before", "after"), [("", "[Page 1]"), ("Größe 🚢\n", "[Page 1]\nÄ")])
def test_a_character_is_found_behind_a_space_that_was_put_there(before: str, after: str) -> None:
    tokenizer = Tokenizer(SpaceFirst())
    tokens = tokenizer(before + after, first=True)
    [place] = tokenizer.locate([len(before)], before + after, tokens)
    assert tokens[place] == ord("[")
    later = tokenizer(before + after, first=False)
    [place] = tokenizer.locate([len(before)], before + after, later)
    assert later[place] == ord("[")


@given(varied, st.lists(st.integers(0, 130), min_size=1, max_size=4))
@steady
def test_characters_are_found_in_bytes(text: str, places: list[int]) -> None:
    characters = [place for place in places if place < len(text)]
    tokenizer = Tokenizer(PlainBytes())
    located = tokenizer.locate(characters, text, tokenizer(text, first=True))
    assert located == [len(text[:character].encode()) for character in characters]


def test_characters_of_a_text_without_tokens_are_at_its_beginning() -> None:
    nothing = np.empty(0, np.int32)
    assert Tokenizer(PlainBytes()).locate([0, 2], "abc", nothing) == [0, 0]


@given(varied)
@steady
def test_tokens_have_their_text(text: str) -> None:
    tokenizer = Tokenizer(PlainBytes())
    tokens = tokenizer(text, first=True)
    assert tokenizer.text(tokens) == text
    assert tokenizer.text(tokens.tolist()) == text
    assert tokenizer.text([]) == ""


def test_a_character_that_is_cut_in_two_leaves_a_mark() -> None:
    data = "aä🚢".encode()
    tokenizer = Tokenizer(PlainBytes())
    assert tokenizer.text(data[:2]) == "a\ufffd"
    assert tokenizer.text(data[2:]) == "\ufffd🚢"
    assert tokenizer.text(data[:5]) == "aä\ufffd"

"""Answering: which token comes next, how text is given out, and what makes room for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fake_model import NAMES, FakeModel
from scripted_cache import FakeCache

from keydiff_cli.engine.answer import Answer, add_question, extend
from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.errors import UsageError
from keydiff_cli.text.prompts import Asked

ASSISTANT = 256 + NAMES.index("<|assistant|>")
QUESTION = Asked(np.array([*b"Why? ", ASSISTANT], np.int32), 0)


@pytest.fixture
def cache() -> FakeCache:
    """A cache that holds a document."""
    cache = FakeCache(FakeModel(), cells=256, batch=64)
    cache.append(np.zeros(64, np.int32))
    cache.hold()
    return cache


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], None]:
    """Set what the model answers."""

    def says(reply: str | bytes) -> None:
        monkeypatch.setattr(FakeModel, "reply", staticmethod(lambda text: reply))

    return says


def answer(cache: Any, *, max_tokens: int = 100, sampler: Sampler | None = None) -> Answer:
    return Answer(cache, QUESTION, max_tokens=max_tokens, sampler=sampler or Sampler())


# Choosing -------------------------------------------------------------------------------------


def test_tokens_are_run_a_batch_at_a_time_and_logits_are_those_of_the_last(
    cache: FakeCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    real = cache.append

    def append(tokens: Any, *, logits: bool = False) -> None:
        asked.append(logits)
        real(tokens, logits=logits)

    monkeypatch.setattr(cache, "append", append)
    cache.batches.clear()
    extend(cache, np.ones(150, np.int32), logits=True)  # type: ignore[arg-type]
    assert cache.batches == [64, 64, 22]
    assert asked == [False, False, True]
    assert cache.evicted == 0
    extend(cache, np.ones(150, np.int32))  # type: ignore[arg-type]
    assert asked[3:] == [False] * 3
    assert cache.used <= cache.context.cells
    assert cache.evicted > 0
    assert cache.kept[:64] == [(number, 0) for number in range(64)]  # what is held stays


def test_a_step_is_at_most_128_tokens() -> None:
    cache = FakeCache(FakeModel(), cells=1024, batch=512)
    extend(cache, np.ones(300, np.int32))  # type: ignore[arg-type]
    assert cache.batches == [128, 128, 44]


def test_a_question_stays_while_its_answer_makes_room(cache: FakeCache) -> None:
    start = cache.tokens
    add_question(cache, QUESTION.ids)  # type: ignore[arg-type]
    assert cache.pinned[-1] == (start, start + len(QUESTION.ids), len(QUESTION.ids))
    extend(cache, np.ones(400, np.int32))  # type: ignore[arg-type]
    assert cache.evicted > 0
    assert "Why? " in cache.text()


def test_a_question_must_leave_room_for_a_step(cache: FakeCache) -> None:
    room = 256 - 64 - 64 - 1
    rows = list(cache.kept)
    with pytest.raises(UsageError, match=f"has {room + 1} tokens, of which at most {room} fit"):
        add_question(cache, np.ones(room + 1, np.int32))  # type: ignore[arg-type]
    assert (cache.kept, len(cache.pinned)) == (rows, 1)
    add_question(cache, np.ones(room, np.int32))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="of which at most 0 fit"):
        add_question(cache, np.ones(1, np.int32))  # type: ignore[arg-type]


# Answering ------------------------------------------------------------------------------------


def test_an_answer_ends_where_the_model_ends_it(
    cache: FakeCache, says: Callable[[str], None]
) -> None:
    says("It is.")
    given = answer(cache)
    assert (given.text, given.tokens, given.stop_reason) == ("", [], "interrupted")
    assert list(given) == ["I", "t", " ", "i", "s", "."]
    assert (given.text, given.stop_reason) == ("It is.", "eos")
    assert given.tokens == list(b"It is.")
    assert cache.text().endswith("Why? <|assistant|>It is.")
    assert given.question is QUESTION


def test_an_answer_of_the_longest_length_is_not_run_to_its_end(
    cache: FakeCache, says: Callable[[str], None]
) -> None:
    says("It is.")
    given = answer(cache, max_tokens=5)
    assert "".join(given) == given.text == "It is"
    assert (given.stop_reason, given.max_tokens, len(given.tokens)) == ("length", 5, 5)
    assert cache.text().endswith("It i")  # nobody needs what comes after the last token
    says("It is")
    given = answer(cache, max_tokens=5)
    assert "".join(given) == "It is"
    assert given.stop_reason == "length"


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        ("aä€b".encode(), ["a", "ä", "€", "b"]),
        (b"a\xe2\x82", ["a", "\ufffd"]),
        (b"\xffb", ["\ufffd", "b"]),
        ("🚢".encode(), ["🚢"]),
        (b"", []),
    ],
)
def test_text_never_stops_in_the_middle_of_a_character(
    cache: FakeCache, says: Callable[[bytes], None], reply: bytes, parts: list[str]
) -> None:
    says(reply)
    given = answer(cache)
    assert list(given) == parts
    assert given.text == "".join(parts)


def test_headings_that_the_model_repeats_are_left_out(
    cache: FakeCache, says: Callable[[str], None]
) -> None:
    says("Blue.\n[lines 1-2]\nThe sea.")
    given = Answer(cache, QUESTION, max_tokens=100, sampler=Sampler(), left_out=["[lines 1-2]"])
    assert "".join(given) == given.text == "Blue.\nThe sea."


def test_what_was_said_when_it_was_stopped_is_there(
    cache: FakeCache, says: Callable[[bytes], None]
) -> None:
    says("aä€b".encode())
    given = answer(cache)
    pieces = iter(given)
    assert [next(pieces), next(pieces)] == ["a", "ä"]
    pieces.close()  # type: ignore[attr-defined]
    assert (given.text, given.stop_reason, len(given.tokens)) == ("aä", "interrupted", 3)


def test_certainty_is_the_mean_probability_of_the_tokens(
    cache: FakeCache, says: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    says("abcd")
    assert answer(cache).certainty == 1.0  # of none
    real, calls = cache.context.logits, []

    def half() -> Any:
        """Half of the probability goes to another token at every second one."""
        calls.append(None)
        values = real()
        if len(calls) % 2:
            values[255] = values.max() - 1e-4
        return values

    monkeypatch.setattr(cache.context, "logits", half)
    given = answer(cache)
    list(given)
    assert given.certainty == pytest.approx(math.sqrt(0.5), abs=1e-3)


def test_a_sampler_chooses_what_is_said(cache: FakeCache, says: Callable[[str], None]) -> None:
    says("It is.")
    answers = [
        "".join(answer(cache, max_tokens=12, sampler=Sampler(1000.0, seed))) for seed in (1, 1, 2)
    ]
    assert answers[0] == answers[1] != answers[2]

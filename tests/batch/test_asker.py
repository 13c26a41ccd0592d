"""Asking with a model: what comes of a document and its questions."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from cli_helpers import story

from keydiff_cli.batch.asker import Asker
from keydiff_cli.batch.engine import Here
from keydiff_cli.batch.messages import Far, Job, Message, Orders, Outcome, Over, Stop, Told
from keydiff_cli.reading import keeping
from keydiff_cli.settings.config import Settings

QUESTIONS = ("What is the password?", "What was painted?")


def outcomes(messages: list[Message]) -> list[Outcome]:
    return [message for message in messages if isinstance(message, Outcome)]


def test_a_document_is_read_once_and_its_messages_can_be_sent(
    orders: Orders, tmp_path: Path
) -> None:
    document = tmp_path / "story.txt"
    document.write_text(story(lines=40))
    with Asker(orders) as asker:
        messages = list(asker.messages(Job(3, str(document), QUESTIONS)))
    assert pickle.loads(pickle.dumps(messages)) == messages
    shares = [message.share for message in messages if isinstance(message, Far)]
    assert shares == sorted(shares) and 0 < shares[0] < shares[-1] == 1
    first, second = outcomes(messages)
    assert (first.question, second.question) == QUESTIONS
    assert first.reading_seconds == second.reading_seconds > 0
    assert first.tokens == second.tokens > 256
    assert messages[-1] == Over(3)


def test_what_is_sent_along_is_read(orders: Orders) -> None:
    job = Job(7, "nowhere/story.txt", QUESTIONS[:1], story(lines=3).encode())
    with Asker(orders) as asker:
        messages = list(asker.messages(job))
    [outcome] = outcomes(messages)
    assert outcome.error is None and outcome.tokens > 0
    told = [each for each in messages if isinstance(each, Told)]
    assert {each.number for each in told} == {7}
    assert {"started", "warning"} <= {each.method for each in told}


def test_the_model_is_loaded_once_and_a_document_that_fails_stops_nothing(
    orders: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[bool] = []
    model = keeping.Model

    def load(*values: object, weights: bool = True, **more: object) -> object:
        loaded.append(weights)
        return model(*values, weights=weights, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(keeping, "Model", load)
    (tmp_path / "empty.txt").touch()
    for name in "ab":
        (tmp_path / name).write_text(story(lines=3))
    paths = [str(tmp_path / name) for name in ("a", "empty.txt", "b")]
    jobs = (Job(number, path, QUESTIONS) for number, path in enumerate(paths))
    found = outcomes(list(Here(orders).messages(jobs)))
    assert [each.error for each in found[2:4]] == ["empty.txt is empty"] * 2
    assert all(each.error is None for each in (*found[:2], *found[4:]))
    assert loaded.count(True) == 1


def test_without_a_model_nothing_else_is_asked(tmp_path: Path) -> None:
    document = tmp_path / "a.txt"
    document.write_text("A text.\n")
    settings = Settings(model=str(tmp_path / "none.gguf"), offline=True)
    with Asker(Orders(settings)) as asker:
        [stop] = asker.messages(Job(0, str(document), QUESTIONS))
    assert isinstance(stop, Stop)
    assert "none.gguf" in stop.error

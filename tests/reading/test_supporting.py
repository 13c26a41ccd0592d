"""Whether a document answers a question, by a real model, tiny as it is: it leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from archived_readings import QUESTION, same, settings_for, state, write

from keydiff_cli.engine.support import CHECK, Signs, Weights, level, signs_of
from keydiff_cli.reading import preparation
from keydiff_cli.reading.reader import Reader
from keydiff_cli.talk.conversation import Conversation

Weigh = Callable[..., None]
ANY, SURE, NONE = 0.0, 30.0, -30.0  # what a question is weighed by, beside nothing else


@pytest.fixture
def weigh(monkeypatch: pytest.MonkeyPatch) -> Weigh:
    """Set how sure it is that the document answers whatever is asked."""

    def weigh(bias: float, least: float = 0.0) -> None:
        weights = Weights(says=0.0, absent=0.0, least=least, bias=bias)
        monkeypatch.setattr(preparation, "_measured", lambda entry: ((), weights))

    return weigh


@pytest.fixture
def reader(tiny_path: Path, tmp_path: Path, weigh: Weigh) -> Reader:
    weigh(SURE)
    return Reader(replace(settings_for(tiny_path, tmp_path), cache=False, second_look=192))


def logits_after(reader: Reader, question: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What comes next, by log-probability, if a question is put to what was read."""
    alone = reader._tokens(question)
    with reader.evidence(QUESTION, reader._tokens(QUESTION)) as passages:
        mark = reader.held.cache.mark()
        answer = reader.answer(reader._tokens(question, passages.text))
        logits = answer.put().astype(np.float64)
        reader.held.cache.rewind(mark)
        reader.held.cache.unmark()
    assert len(alone.ids)
    return logits - np.logaddexp.reduce(logits)


def test_signs_are_what_the_model_says_to_whole_prompts(reader: Reader, tmp_path: Path) -> None:
    with reader:
        reader.read([write(tmp_path)])
        cache, model = reader.held.cache, reader.held.cache.context.model
        asked, before = logits_after(reader, CHECK + QUESTION), state(reader)
        words = {word: asked[int(model.tokenize(word)[0])] for word in ("yes", "no")}
        first = int(model.tokenize("The document does not")[0])
        begins = logits_after(reader, QUESTION)[first]
        with reader.evidence(QUESTION, reader._tokens(QUESTION)) as passages:
            answer = reader.answer(reader._tokens(QUESTION, passages.text))
            check = reader._tokens(CHECK + QUESTION, passages.text)
            mark = cache.mark()
            signs = signs_of(answer, check.ids[check.passages[1] :], evicting=True)
            assert signs is not None
            assert list(answer)  # it goes on from there
            cache.rewind(mark)
            cache.unmark()
        same(before, state(reader))
    assert np.isfinite(signs.says)
    assert abs(signs.says - (words["yes"] - words["no"])) < 3  # other spellings count, too
    assert signs.absent < begins + 1e-3  # the other words of it make it less probable


@pytest.mark.parametrize("mode", ["say", "note", "off"])
def test_the_answer_is_as_if_nothing_had_been_tried(
    reader: Reader, tmp_path: Path, mode: str
) -> None:
    reader.settings = replace(reader.settings, absent=mode)
    with reader:
        reader.read([write(tmp_path)])
        answer = reader.ask(QUESTION)
        report = reader.report
    with Reader(replace(reader.settings, absent="off")) as plain:
        plain.read([write(tmp_path)])
        assert plain.ask(QUESTION) == answer
    assert report.supported == (None if mode == "off" else "yes")
    assert (report.support is None) == (mode == "off")


def test_what_is_absent_is_said_or_warned_of(tiny_path: Path, tmp_path: Path, weigh: Weigh) -> None:
    weigh(NONE)
    settings = replace(settings_for(tiny_path, tmp_path), cache=False)
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        before = state(reader)
        assert reader.ask(QUESTION) == "The document does not say."
        report = reader.report
        assert (report.supported, report.stop_reason) == ("no", "eos")
        assert report.answer == "The document does not say."
        same(before, state(reader))
        reader.ask("Sing a song.")
        assert reader.report.supported is None  # nothing that a document could say
        reader.settings = replace(settings, absent="note")
        assert reader.ask(QUESTION) != "The document does not say."
        assert reader.report.supported == "no"
        assert "the documents do not seem to answer this question" in reader.report.warnings


def test_an_answer_that_the_model_is_unsure_of_is_taken_back(
    tiny_path: Path, tmp_path: Path, weigh: Weigh
) -> None:
    """It is held back until that is clear; what was said before it stays."""
    settings = replace(settings_for(tiny_path, tmp_path), cache=False, absent="off")
    said = []
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        plain, before = reader.ask(QUESTION), state(reader)
    for least, expected in ((100.0, "The document does not say."), (0.0, plain)):
        weigh(1.0, least)
        with Reader(replace(settings, absent="say")) as reader:
            reader.read([write(tmp_path)])
            pieces = list(reader.stream(QUESTION))
            assert "".join(pieces) == reader.report.answer == expected
            same(before, state(reader))
            said.append(reader.report.supported)
            talk = Conversation(reader)
            assert "".join(talk.say(QUESTION)) == expected
            after = "".join(talk.say("Sing a song."))
            talk.undo()
            assert "".join(talk.say("Sing a song.")) == after
    assert said == ["no", "yes"]


@pytest.mark.parametrize(("look", "said"), [(192, "no"), (0, "weak")])
def test_without_passages_a_right_answer_may_be_less_probable(
    tiny_path: Path, tmp_path: Path, weigh: Weigh, look: int, said: str
) -> None:
    weigh(-1.5)
    settings = replace(settings_for(tiny_path, tmp_path), cache=False, second_look=look)
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        reader.ask(QUESTION)
        assert reader.report.supported == said


def test_a_conversation_goes_on_after_it(tiny_path: Path, tmp_path: Path, weigh: Weigh) -> None:
    weigh(NONE)
    settings = replace(settings_for(tiny_path, tmp_path), cache=False, conversation=1024)
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        talk = Conversation(reader)
        said = ["".join(talk.say(question)) for question in (QUESTION, "And when was it?")]
        assert said == ["The document does not say."] * 2
        reader.settings = replace(settings, absent="off")
        third = "".join(talk.say("Sing a song."))
        assert third
        talk.undo()
        assert "".join(talk.say("Sing a song.")) == third


def test_levels_by_probability() -> None:
    weights = Weights(says=1.0, absent=-0.5, least=1.0, bias=-1.0)
    probability = weights.probability(Signs(says=2.0, absent=-4.0, least=-1.0))
    assert probability == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert [level(value) for value in (0.01, 0.55, 0.99)] == ["no", "weak", "yes"]
    assert [level(value, alone=True) for value in (0.01, 0.2, 0.99)] == ["no", "weak", "yes"]
    assert Weights(1.0, 0.0, 0.0, 0.0).probability(Signs(-1e9, 0.0)) < 1e-9

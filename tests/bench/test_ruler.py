"""The tasks of RULER: what is asked is what the text says."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from bench_helpers import PROSE, words

from keydiff_cli.bench import ruler
from keydiff_cli.errors import UsageError


@pytest.mark.parametrize("task", ruler.TASKS)
def test_ruler_asks_what_the_text_says(task: str) -> None:
    texts = list(ruler.texts(PROSE, [task], [2000], 3, words, seed=1))
    assert texts == list(ruler.texts(PROSE, [task], [2000], 3, words, seed=1))
    assert len({text.document for text in texts}) == 3
    for text in texts:
        assert 1700 < words(text.document) < 2300
        assert len({question.id for question in text.questions}) == len(text.questions) > 0
        for question in text.questions:
            assert len(set(question.references)) == len(question.references) > 0
            for reference in question.references:
                assert reference in text.document
                assert reference not in question.text


def test_a_single_needle_is_in_noise_and_the_others_in_prose() -> None:
    for task in ("niah_single", "niah_multikey", "niah_multivalue", "niah_multiquery", "vt"):
        (text,) = ruler.texts(PROSE, [task], [2000], 1, words)
        rest = re.sub(
            r"One of the special numbers of \w+ is \d+\.|VAR \w+ = [^.]+\.", "", text.document
        )
        noise = task in ("niah_single", "vt")
        assert ("on the quay that day." in rest) is not noise
        assert ("Nobody counted the gulls on the wall." in rest) is noise


def test_the_common_words_are_the_most_common() -> None:
    for task, separator in (("cwe", ", "), ("fwe", " ")):
        (text,) = ruler.texts(PROSE, [task], [2000], 1, words)
        listed = text.document.split(separator)
        wanted = text.questions[0].references
        least = min(listed.count(word) for word in wanted)
        assert max(listed.count(word) for word in set(listed) - set(wanted)) < least


@pytest.mark.parametrize(("task", "length"), [("cwe", 150), ("vt", 90), ("vt", 97)])
def test_a_text_must_have_room_for_what_is_asked(task: str, length: int) -> None:
    with pytest.raises(UsageError, match="length"):
        list(ruler.texts(PROSE, [task], [length], 1, words))
    short = next(ruler.texts(PROSE, ["fwe"], [256], 1, words))
    assert 256 <= words(short.document) < 300


def test_a_chain_of_variables_leads_to_its_value() -> None:
    (text,) = ruler.texts(PROSE, ["vt"], [2000], 1, words)
    assert len(text.questions) == 4
    for question in text.questions:
        names = question.references
        assert len(names) > 1
        first = text.document.index(f"VAR {names[0]} = ")
        for earlier, later in pairwise(names):
            place = text.document.index(f"VAR {later} = VAR {earlier}.")
            assert place > first
            first = place


def test_every_number_of_a_key_is_wanted() -> None:
    for task, wanted in (("niah_single", 1), ("niah_multivalue", 4), ("niah_multiquery", 4)):
        (text,) = ruler.texts(PROSE, [task], [2000], 1, words)
        facts = re.findall(r"numbers of (\w+) is (\d+)\.", text.document)
        assert text.questions
        for question in text.questions:
            asked = re.findall(r"\w+", question.text.partition("numbers of")[2].partition("?")[0])
            references = [value for key, value in facts if key in asked]
            assert sorted(references) == sorted(question.references)
            assert len(references) == wanted

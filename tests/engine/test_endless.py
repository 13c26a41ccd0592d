"""Ending what repeats itself, by a model of bytes."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from fake_model import FakeModel

from keydiff_cli.engine.endless import FEWEST, LONGEST, Ending, Nesting, Repetition

MOST = 400  # characters

Wants = Callable[[str], str]  # what a model wants to say behind a text: a character


def again(start: str, part: str) -> Wants:
    """Wants to say a part again and again."""
    return lambda text: (start + part * MOST)[len(text)]


def said(wants: Wants, allows: Callable[[str], bool] = lambda text: True) -> tuple[str, bool]:
    """What is said until it is whole, or too long, and whether something was ended.

    ``allows`` tells whether a text may begin so.
    """
    ending, text = Ending(FakeModel()), ""  # type: ignore[arg-type]
    while len(text) < MOST:
        want = ord(wants(text))
        instead = [each for each in ending.instead(want) if allows(text + chr(each))]
        token = instead[0] if instead else want
        ending.add(token, instead=token != want)
        text += chr(token)
        if text.count("[") + text.count("{") == text.count("]") + text.count("}"):
            break
    return text, ending.shortened


def test_what_is_said_again_is_known_by_its_length() -> None:
    seen = Repetition()
    for count, token in enumerate([7, 8, 9] * 20, 1):
        seen.add(token)
        assert seen.period == (3 if count >= 3 + FEWEST else 0)
    seen.add(1)
    assert seen.period == 0


def test_something_long_is_to_come_three_times() -> None:
    seen, once = Repetition(), list(range(LONGEST))
    for token in (*once, *once, *once[:-1]):
        seen.add(token)
        assert seen.period == 0
    seen.add(once[-1])
    assert seen.period == LONGEST


@pytest.mark.parametrize(
    ("text", "depth", "quoted"),
    [('{"a": [1', 2, False), ('["]}', 1, True), (r'["\"]', 1, True), (r'["\\"]', 0, False)],
)
def test_where_in_json_one_is(text: str, depth: int, quoted: bool) -> None:
    nesting = Nesting()
    for character in text.encode():
        nesting.add(character)
    assert (nesting.depth, nesting.quoted) == (depth, quoted)


def test_a_list_ends_behind_a_whole_item() -> None:
    text, shortened = said(again("[", r'"Ash, \"Ltd\"",'))
    assert shortened
    items = json.loads(text)
    assert set(items) == {'Ash, "Ltd"'}
    assert 3 <= len(items) <= 6


def test_a_token_that_ends_an_item_and_begins_the_next_is_cut_between_them() -> None:
    merged = 300

    class Merging(FakeModel):
        def piece(self, token: int) -> bytes:
            return b'", "' if token == merged else super().piece(token)

    ending, said = Ending(Merging()), list(b'["')  # type: ignore[arg-type]
    for token in said:
        ending.add(token)
    for wanted in [*b"Ash", merged] * 20:
        instead = ending.instead(wanted)
        ending.add(instead[0] if instead else wanted, instead=bool(instead))
        said.append(instead[0] if instead else wanted)
        if instead:
            break
    assert said[-1] == ord('"')
    assert ending.shortened  # behind it a model may end the list by itself
    assert ending.instead(ord(","))[0] == ord("]")


def test_one_of_numbers_ends_behind_a_whole_one() -> None:
    assert set(json.loads(said(again("[", "2019, "))[0])) == {2019}


def test_of_lists_in_a_list_the_outer_one_ends() -> None:
    lists = json.loads(said(again("[", "[1,2],"))[0])
    assert [1, 2] == lists[0] == lists[-1]


def test_an_object_ends_where_its_members_come_again() -> None:
    text, shortened = said(again("{", '"a":[1,2],'), lambda text: text[-1] == "}")
    assert text.endswith('"a":[1,2]}')
    assert shortened


def test_a_string_ends_as_soon_as_it_may() -> None:
    text, shortened = said(again('["', "a"))
    assert text.startswith('["' + "a" * (FEWEST + 1) + '"')
    assert shortened
    text, _ = said(again('["', "a"), lambda text: text[-1] != '"' or len(text) == 203)
    assert text.startswith('["' + "a" * 200 + '"')


def test_objects_that_come_ever_deeper_are_left() -> None:
    def deeper(text: str) -> str:
        within = text.rpartition("{")[2]
        return "," if "}" in within else '{"k":1,"d":{'[len(within) + 1 if text else 0]

    text, shortened = said(deeper, lambda text: text[-1] == "}" and text[-2] in "1}")
    assert shortened
    assert '"k":1}}}},' in text  # what is said outside is for the model


def test_what_may_not_end_goes_on() -> None:
    assert said(again("[", "12,"), lambda text: False) == (("[" + "12," * MOST)[:MOST], False)


def test_what_does_not_repeat_itself_stays() -> None:
    text = str(list(range(90)))
    assert said(lambda said: text[len(said)]) == (text, False)

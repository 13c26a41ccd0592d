"""Thoughts and answers are parted, wherever the text is cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keydiff_cli.llama import Model
from keydiff_cli.text.prompts import Prompt, answer_tokens
from keydiff_cli.text.thinking import Parting, opened_by


def part(pieces: list[str], end: str = "") -> tuple[str, str, bool]:
    """What is thought, what is answered, and whether the thought is left open."""
    told: list[str] = []
    parting = Parting(end, told.append)
    answer = "".join(map(parting.feed, pieces)) + parting.feed("", last=True)
    assert "".join(told) == parting.thinking
    return parting.thinking, answer, parting.open


@pytest.mark.parametrize(
    "text, thought, answer",
    [
        ("Two boats.", "", "Two boats."),
        (" Two boats.", "", " Two boats."),
        ("<think>one, two</think>\n\nTwo boats.", "one, two", "Two boats."),
        ("\n<think>\n</think>Two.", "\n", "Two."),
        ("<think></think><think>b</think>Two.", "b", "Two."),
        ("<|channel>thought\nhm<channel|>Two.", "\nhm", "Two."),
        ("[THINK]hm[/THINK]Two.", "hm", "Two."),
        ("<|channel|>analysis<|message|>hm<|channel|>final<|message|>Two.", "hm", "Two."),
        ("<think>a < b </thin </think>Two.", "a < b </thin ", "Two."),
        ("The tag <think> begins a thought.", "", "The tag <think> begins a thought."),
        ("<thin air>", "", "<thin air>"),
        ("<", "", "<"),
        ("", "", ""),
    ],
)
def test_cut_anywhere(text: str, thought: str, answer: str) -> None:
    for start in range(len(text) + 1):
        for stop in range(start, len(text) + 1):
            pieces = [text[:start], text[start:stop], text[stop:]]
            assert part(pieces) == (thought, answer, False)
    assert part(list(text)) == (thought, answer, False)


def test_thought_that_the_prompt_has_begun() -> None:
    assert part(["hm</thi", "nk>\n", "\nTwo."], "</think>") == ("hm", "Two.", False)
    assert part(["hm</thi"], "</think>") == ("hm</thi", "", True)


def test_thought_that_is_cut_off() -> None:
    assert part(["<think>on and on", " and"]) == ("on and on and", "", True)


PIECES = st.sampled_from(["<think>", "</think>", "<", "/think>", "th", "ink>", "a ", "\n"])


@given(st.lists(PIECES, max_size=9))
def test_the_cuts_change_nothing(pieces: list[str]) -> None:
    assert part(pieces) == part(["".join(pieces)])


@pytest.mark.parametrize(
    "tail, end",
    [
        ("<|im_start|>assistant\n<think>\n", "</think>"),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", ""),
        ("<|im_start|>assistant\n", ""),
        ("[/INST][THINK]", "[/THINK]"),
    ],
)
def test_prompts_that_begin_a_thought(tail: str, end: str) -> None:
    assert opened_by(tail) == end


@pytest.mark.model
def test_a_thought_that_the_template_begins_is_over_in_an_answer_of_before(
    small_model: Model,
) -> None:
    def text(tail: str) -> str:
        tokens = answer_tokens(small_model, Prompt("", "", tail), "Two.")
        return b"".join(map(small_model.piece, tokens.tolist())).decode()

    assert text("<|im_start|>assistant\n<think>\n") == "</think>\n\nTwo."
    assert text("<|im_start|>assistant\n<think>\n\n</think>\n") == "Two."

"""What a model thinks aloud before it answers, parted from the answer while both come."""

from __future__ import annotations

from collections.abc import Callable

# How models begin and end their thoughts: most; Command A; Magistral; Seed; Kimi; Gemma; gpt-oss.
_PAIRS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "[THINK]": "[/THINK]",
    "<seed:think>": "</seed:think>",
    "◁think▷": "◁/think▷",
    "<|channel>thought": "<channel|>",
    "<|channel|>analysis<|message|>": "<|channel|>final<|message|>",
}
MARKS = frozenset({*_PAIRS, *_PAIRS.values(), "<|channel>", "<|channel|>", "<|message|>"})
"""Special tokens that are such a mark or a part of one, by their texts."""


def opened_by(tail: str) -> str:
    """How the thought ends that the end of a prompt begins; empty if it begins none."""
    return next((end for begin, end in _PAIRS.items() if tail.rstrip().endswith(begin)), "")


class Parting:
    """Parts thoughts from an answer, wherever the text is cut into pieces.

    Only what stands at the start is a thought: an answer may speak of ``<think>`` later on.

    Parameters
    ----------
    end
        How the thought ends that the prompt has begun; empty if it has not.
    told
        Called with the pieces of thoughts.

    Attributes
    ----------
    thinking : str
        The thoughts so far.
    """

    def __init__(self, end: str = "", told: Callable[[str], None] | None = None) -> None:
        self._end = end  # of the thought that is going on
        self.told = told
        self._answering = False
        self._thought = bool(end)  # whether there was one
        self._held = ""  # what may be a part of a mark
        self.thinking = ""

    @property
    def open(self) -> bool:
        """Whether a thought is going on."""
        return bool(self._end)

    def feed(self, text: str, *, last: bool = False) -> str:
        """Take the next piece, and give what is clear of the answer.

        ``last`` says that no more follows.
        """
        self._held += text
        while self._held and not self._answering:
            if self._end:
                thought, ended = self._to_the_end(last)
                self._tell(thought)
                if not ended:
                    return ""
            elif not self._begins():
                if not last and self._may_begin():
                    return ""
                self._answering = True
                if self._thought:
                    self._held = self._held.lstrip()
        clear, self._held = (self._held, "") if self._answering else ("", self._held)
        return clear

    def _tell(self, thought: str) -> None:
        self.thinking += thought
        if thought and self.told is not None:
            self.told(thought)

    def _to_the_end(self, last: bool) -> tuple[str, bool]:
        """The thought as far as it is clear, and whether it has ended."""
        thought, mark, rest = self._held.partition(self._end)
        if mark:
            self._end, self._held = "", rest
            return thought, True
        kept = 0 if last else _overlap(self._held, self._end)
        clear = len(self._held) - kept
        thought, self._held = self._held[:clear], self._held[clear:]
        return thought, False

    def _begins(self) -> bool:
        """Whether a thought begins, whose mark is passed over then."""
        start = self._held.lstrip()
        for begin, end in _PAIRS.items():
            if start.startswith(begin):
                self._end, self._held, self._thought = end, start.removeprefix(begin), True
                return True
        return False

    def _may_begin(self) -> bool:
        """Whether more text may make a mark of what is there."""
        start = self._held.lstrip()
        return not start or any(begin.startswith(start) for begin in _PAIRS)


def _overlap(text: str, mark: str) -> int:
    """How many characters at the end of a text may be the beginning of a mark."""
    most = min(len(text), len(mark) - 1)
    return next((size for size in range(most, 0, -1) if text.endswith(mark[:size])), 0)

"""The sentences and list items of a text that a model wrote, and the text of some of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keydiff_cli.text.ordinary import OPENERS

_CLOSERS = "\"'\u2019\u201d\u00bb)\\]*_`"
_END = re.compile(
    rf"[!?]+[{_CLOSERS}]*(?=\s|\Z)|\.[{_CLOSERS}]*(?=\s|\Z)"
    "|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d\u2019\uff09)*]*"
)
_MARKER = r"(?:[-*+\u2022\u2013\u25cf\u25aa]|\(?\d{1,3}[.)]|\(?[A-Za-z][)]|#{1,6})"
_LEAD = re.compile(rf"\s*(?:{_MARKER}[ \t]+\s*)*")
# A line goes on in the next one if that begins with a small letter and no marker.
_LINE_END = re.compile(rf"\n(?=[ \t]*(?:\n|{_MARKER}\s|[^\sa-z]))")
_LONGEST_WORD = 40  # characters looked at beside the mark that may end a sentence
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+\Z")
_DIGIT_AND_POINT = re.compile(r"\d\.\Z")
_LAST_WORD = re.compile(r"(?:[^\W_]|\.(?=\w))+\.\Z")
# No sentence ends after a title, or what comes before an example or a place in a text.
_TITLES = """
adm al approx ave cf ch col dept dr e.g ed eds eq est fig figs gen gov hon i.e lt maj messrs mr mrs
ms mt op p para pp pres prof pt pte pvt rep resp rev sec secs sen sgt st viz vol vols vs
"""
_COUNTED = "no nos jan feb mar apr jun jul aug sep sept oct nov dec ca"  # before a number
_ENDINGS = "inc corp ltd co cos bros llc plc jr sr etc dist div int assn"  # before a name
_GO_ON, _BEFORE_NUMBERS, _MAY_END = (
    frozenset(words.split()) for words in (_TITLES, _COUNTED, _ENDINGS)
)


@dataclass(frozen=True)
class Sentence:
    """A sentence, or what of a list item or line has no end of a sentence in it.

    Attributes
    ----------
    lead
        What is before it: white space, and the marker of a list or heading that it begins.
    text
        The sentence, without white space around it.
    """

    lead: str
    text: str

    @property
    def begins_line(self) -> bool:
        """Whether a line or a list item begins with it."""
        return not self.lead or not self.lead.isspace() or "\n" in self.lead

    @property
    def is_whole(self) -> bool:
        """Whether it has an end: without one it may have been cut off, or be a line of a list.

        For the last sentence of a text that stopped at its length: a full stop after a digit is no
        end then, since it may be the point of a decimal ("grew 12." of "12.5 %").
        """
        bare = self.text.rstrip(_CLOSERS.replace("\\", "") + "\u300d\u300f\uff09 ")
        if bare.endswith(("!", "?", "\u2026", "\u3002", "\uff01", "\uff1f")):
            return True
        if self.text.startswith("|"):  # a row of a table
            return len(self.text) > 1 and self.text.endswith("|")
        if _DIGIT_AND_POINT.search(self.text):
            return False
        tail = bare[-_LONGEST_WORD:]
        return tail.endswith(".") and not (_is_initials(tail) or _last_word(tail) in _GO_ON)


def split_sentences(text: str) -> list[Sentence]:
    """The sentences of a text in their order; leads and texts joined are the text, stripped.

    A line is one, or some, of its own if the next one begins with a capital, a digit or the marker
    of a list. Abbreviations, initials, decimals and ellipses end no sentence.
    """
    found = []
    start = 0
    text = text.rstrip()
    for stop in _stops(text):
        lead = _LEAD.match(text, start)
        begin = lead.end() if lead is not None else start
        if begin < stop:
            found.append(Sentence(text[start:begin], text[begin:stop].rstrip()))
            start = begin + len(found[-1].text)
    return found


def join_sentences(sentences: Iterable[tuple[Sentence, bool]]) -> str:
    """The text of those sentences that are marked as kept, in their lines and lists.

    If the first sentence of a list item is left out, the next one of the item has its marker.
    """
    kept: list[str] = []
    waiting = ""  # the lead of a line whose beginning was left out
    for sentence, keep in sentences:
        lead = sentence.lead
        if not sentence.begins_line:
            lead = waiting or lead
        elif waiting.count("\n") > lead.count("\n"):  # a paragraph ended where one was left out
            lead = waiting[: len(waiting) - len(waiting.lstrip())] + lead.lstrip()
        if keep:
            kept.append(lead + sentence.text)
        waiting = "" if keep else lead if sentence.begins_line or waiting else ""
    return "".join(kept).strip()


def _stops(text: str) -> Iterator[int]:
    """Where sentences end: before the white space that follows, and at the end of the text."""
    borders = {match.start() for match in _LINE_END.finditer(text)}
    borders |= {match.end() for match in _END.finditer(text) if _ends(text, match)}
    yield from sorted(borders | {len(text)})


def _ends(text: str, match: re.Match[str]) -> bool:
    """Whether a sentence ends with this mark; only a full stop may be something else."""
    if not match[0].startswith("."):
        return True
    before = text[max(match.start() - _LONGEST_WORD, 0) : match.start() + 1]
    after = text[match.end() : match.end() + _LONGEST_WORD].lstrip(
        "".join((" \t\n", _CLOSERS, "\u201c("))
    )
    if before.endswith("..") or after[:1].islower():
        return False
    word = _last_word(before)
    if word in _GO_ON:
        return False
    if word in _BEFORE_NUMBERS:
        return not after[:1].isdigit()
    if word in _MAY_END or _is_initials(before):
        opener = re.match(r"\w*", after)
        return not after or (opener is not None and opener[0].lower() in OPENERS)
    return True


def _last_word(text: str) -> str:
    """The word before the full stop that a text ends with; empty if there is none."""
    match = _LAST_WORD.search(text)
    return match[0][:-1].lower() if match else ""


def _is_initials(text: str) -> bool:
    """Whether a text ends with initials, such as ``J.`` or ``U.S.``."""
    match = _INITIALS.search(text)
    return match is not None and not text[: match.start()][-1:].isalnum()

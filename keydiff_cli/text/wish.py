"""How long an answer about a whole document is to be, and whether it goes through the parts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from keydiff_cli.settings.lengths import LENGTHS, MOST, count_words
from keydiff_cli.text.number_words import digits_of_length

_LEAD = LENGTHS["short"]  # words of a short answer, or of what comes before the parts
_ALONE = 2 * _LEAD  # words of an answer that no parts follow, at most
_NUMBER = re.compile(r"(?<!\S)(\d[\d,]*)(?:\s?-\s?\d+)?[\s-]?words?\b", re.IGNORECASE)
_COUNTED = re.compile(  # by other things than words, or in another language
    r"""
    \b(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|single)[\s-]
    (?:(?:short|single|simple|full|bullet|main|key|major|most|important)[\s-]){0,2}
    (?:sentences?|bullets?|points?|paragraphs?|lines?|facts|topics|ideas|findings)\b
    | \bin\s(?!english\b)(?:\w+ish|german|french|italian|dutch|portuguese|russian|arabic|hindi
      |chinese|japanese|korean)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SHORT = re.compile(
    r"\b(?:short(?:ly)?|brief(?:ly)?|quick(?:ly)?|concise(?:ly)?|tl;?\s?dr)\b", re.IGNORECASE
)
_LONG = re.compile(r"\b(?:detail(?:s|ed)?|long|full|complete|comprehensive)\b", re.IGNORECASE)
_OUTLINE = re.compile(r"\boutline\b", re.IGNORECASE)
_SUMMARY = re.compile(
    r"""
    \bsummar | \bsum\b | \b(?:overview|outline|abstract|synopsis|recap|digest|highlights
    |takeaways?)\b
    | \b(?:main|key|major|most\simportant|essential|central)
      \s(?:points?|topics?|facts|figures|findings|results)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)

_COMPARISON = re.compile(
    r"\bcompar | \bin\scommon\b | \b(?:differ|similarit|share|(?:dis)?agree)", re.I | re.X
)


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Attributes
    ----------
    lead
        Words of what is said of the whole, 0 for nothing; None leaves it to the model.
    parts
        Words of what is said of the parts, one after another.
    outline
        Whether the parts are to be an outline.
    """

    lead: int | None
    parts: int = 0
    outline: bool = False

    @property
    def most_tokens(self) -> int:
        """Tokens that what is said of the whole takes at most; 0 for no such limit."""
        return 2 * (self.lead or 0)

    @property
    def at_once(self) -> Wish:
        """The same length where a model sees all parts, and says all of it."""
        return self if self.lead is None else Wish(self.lead + self.parts)

    @classmethod
    def of(
        cls,
        question: str,
        length: str | None = None,
        *,
        outline: bool = False,
        several: bool = False,
    ) -> Wish:
        """What a question about the whole asks for, by its (English) words.

        A summary goes through the parts unless it is to be short, and a comparison of several
        documents is short; other questions, such as what a document is about, are answered by as
        much as the model finds right.

        Parameters
        ----------
        length
            How long it is to be (:func:`~keydiff_cli.settings.lengths.count_words`); None to go by
            the question.
        outline
            Whether an outline is asked for in any case.
        several
            Whether it is about more documents than one.
        """
        outline = outline or bool(_OUTLINE.search(question))
        question = digits_of_length(question)
        words = count_words(length) if length else None
        if words is None and (number := _NUMBER.search(question)):
            words = max(1, min(int(number[1].replace(",", "")[:9]), MOST))
        if words is None and not outline:
            if _COUNTED.search(question):
                return cls(None)
            if _SHORT.search(question):
                return cls(LENGTHS["short"])
            if not _SUMMARY.search(question):
                return cls(_ALONE if several and _COMPARISON.search(question) else None)
        if words is None:
            words = LENGTHS["long" if _LONG.search(question) else "medium"]
        if outline:
            return cls(0, words, outline=True)
        return cls(words) if words <= _ALONE else cls(_LEAD, words - _LEAD)

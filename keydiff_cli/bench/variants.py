"""Variants of asking: with recalled rows, passages of the text, notes, or none; part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keydiff_cli.errors import UsageError, setting
from keydiff_cli.settings.config import Settings

WAYS = ("nothing", "recall", "second-look", "both", "passages")
"""What any question may get."""


@dataclass(frozen=True)
class Variant:
    """What a question gets beside the cache.

    Attributes
    ----------
    recall
        Tokens whose rows come back from the archive at most.
    second_look
        Tokens of passages that are read again at most.
    alone
        Whether there are the passages only, and no document in the cache.
    notes
        Whether notes come before a question about the whole.
    each
        Whether every part is asked.
    """

    recall: int = 0
    second_look: int = 0
    alone: bool = False
    notes: bool = False
    each: bool = False

    @property
    def name(self) -> str:
        """What it is called in records and tables: ``recall 384, second-look 512``."""
        if self.alone:
            return f"passages {self.second_look}"
        if self.notes:
            return f"notes {self.second_look}"
        if self.each:
            return "each"
        parts = (("recall", self.recall), ("second-look", self.second_look))
        return ", ".join(f"{name} {tokens}" for name, tokens in parts if tokens) or "nothing"

    @property
    def needs_archive(self) -> bool:
        """Whether it takes what was evicted."""
        return bool(self.recall or self.second_look or self.notes or self.each)

    def of_a_whole(self) -> Variant:
        """What is left of it where everything is in the cache.

        Nothing is recalled then, nothing looked up, and no notes are made.
        """
        return Variant(each=self.each)

    def applied(self, settings: Settings) -> Settings:
        """Settings by which the next question gets it, and nothing in its place."""
        return replace(
            settings,
            recall=self.recall,
            second_look=self.second_look,
            notes="auto" if self.notes else "off",
            each="off",  # what asks every part does so in any case
        )


def parse_variants(
    names: Sequence[str], settings: Settings, known: Sequence[str] = WAYS
) -> list[Variant]:
    """The variants of some names, with as many tokens as the settings say.

    Parameters
    ----------
    names
        One or several of ``known``.

    Raises
    ------
    UsageError
        If a name is unknown, or the settings have no tokens for it.
    """
    recall, second_look = settings.recall, settings.second_look
    variants = {
        "nothing": Variant(),
        "recall": Variant(recall=recall),
        "second-look": Variant(second_look=second_look),
        "both": Variant(recall, second_look),
        "passages": Variant(second_look=second_look, alone=True),
        "notes": Variant(second_look=second_look, notes=True),
        "each": Variant(each=True),
    }
    for name in names:
        if name not in known:
            raise UsageError(f"{setting('with')}: '{name}' is not one of {', '.join(known)}")
        if not recall and name in ("recall", "both"):
            raise UsageError(
                f"{setting('with', name)}: nothing is recalled; give {setting('recall')}"
            )
        if not second_look and name in ("second-look", "both", "passages", "notes"):
            raise UsageError(
                f"{setting('with', name)}: there is no second look; give {setting('second_look')}"
            )
    return [variants[name] for name in names]

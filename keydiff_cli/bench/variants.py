"""Variants of asking: with recalled rows, passages of the text, both or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keydiff_cli.errors import UsageError, setting
from keydiff_cli.settings.config import Settings


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
    """

    recall: int = 0
    second_look: int = 0
    alone: bool = False

    @property
    def name(self) -> str:
        """What it is called in records and tables: ``recall 384, second-look 512``."""
        if self.alone:
            return f"passages {self.second_look}"
        parts = (("recall", self.recall), ("second-look", self.second_look))
        return ", ".join(f"{name} {tokens}" for name, tokens in parts if tokens) or "nothing"

    def applied(self, settings: Settings) -> Settings:
        """Settings by which the next question gets it, and no notes, which come in its place."""
        recall, second_look = self.recall, self.second_look
        return replace(settings, recall=recall, second_look=second_look, notes="off")


def parse_variants(names: Sequence[str], settings: Settings) -> list[Variant]:
    """The variants of some names, with as many tokens as the settings say.

    Raises
    ------
    UsageError
        If a name is unknown, or the settings have no tokens for it.
    """
    recall, second_look = settings.recall, settings.second_look
    known = {
        "nothing": Variant(),
        "recall": Variant(recall=recall),
        "second-look": Variant(second_look=second_look),
        "both": Variant(recall, second_look),
        "passages": Variant(second_look=second_look, alone=True),
    }
    for name in names:
        if name not in known:
            raise UsageError(f"{setting('with')}: '{name}' is not one of {', '.join(known)}")
        if not recall and name in ("recall", "both"):
            raise UsageError(
                f"{setting('with', name)}: nothing is recalled; give {setting('recall')}"
            )
        if not second_look and name in ("second-look", "both", "passages"):
            raise UsageError(
                f"{setting('with', name)}: there is no second look; give {setting('second_look')}"
            )
    return [known[name] for name in names]

"""Ways to read a document for questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from keydiff_cli.bench.asked_documents import AskedDocument, AskedQuestion
from keydiff_cli.bench.variants import parse_variants
from keydiff_cli.bench.ways import Trial
from keydiff_cli.policies import find_policy
from keydiff_cli.settings.config import Settings

SETTINGS = Settings(recall=300, second_look=200, archive="off")
EVERY = ("nothing", "recall", "second-look", "passages", "notes", "each")
QUESTION = AskedQuestion("How many?", "5", "place")
DOCUMENT = AskedDocument(Path("a.txt"), "0" * 64, (QUESTION,))


def trial(*names: str, policy: str | None = "keydiff") -> Trial:
    variants = tuple(parse_variants(names, SETTINGS, EVERY))
    return Trial(DOCUMENT, policy and find_policy(policy), policy and 100, "1/8", variants)


@pytest.mark.parametrize("name", ["recall", "second-look", "notes", "each"])
def test_what_is_read_is_kept_with_its_archive_if_anything_needs_it(name: str) -> None:
    assert trial("nothing").settings(SETTINGS).archive == "off"
    assert trial("nothing", name).settings(SETTINGS).archive == "full"


def test_it_is_read_with_room_for_what_any_question_gets() -> None:
    settings = trial("nothing", "recall", "notes").settings(SETTINGS)
    assert (settings.policy, settings.budget) == ("keydiff", 100)
    assert (settings.recall, settings.second_look) == (300, 200)
    alone = trial("nothing").settings(SETTINGS)
    assert (alone.recall, alone.second_look) == (0, 0)


def test_passages_alone_have_no_policy() -> None:
    alone = trial("passages", policy=None)
    (variant,) = alone.variants
    assert (alone.name, alone.version) == ("passages", None)
    assert alone.key(QUESTION, variant) == (DOCUMENT.id(QUESTION), "passages", None, "passages 200")
    assert alone.settings(SETTINGS).second_look == 200

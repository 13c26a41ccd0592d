"""What a question gets beside the cache."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keydiff_cli.bench.variants import Variant, parse_variants
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings

SETTINGS = Settings(recall=300, second_look=200)


def test_a_variant_has_its_tokens_and_its_name() -> None:
    given = ("nothing", "recall", "second-look", "both", "passages", "notes", "each")
    names = [variant.name for variant in parse_variants(given, SETTINGS, given)]
    assert names == [
        "nothing", "recall 300", "second-look 200", "recall 300, second-look 200", "passages 200",
        "notes 200", "each",
    ]  # fmt: skip


def test_the_settings_of_a_question_are_those_of_its_variant() -> None:
    for name, recall, second_look in (("nothing", 0, 0), ("recall", 300, 0), ("both", 300, 200)):
        (variant,) = parse_variants([name], SETTINGS)
        assert variant.applied(SETTINGS) == replace(
            SETTINGS, recall=recall, second_look=second_look, notes="off", each="off"
        )


def test_notes_come_only_where_they_are_asked_for() -> None:
    (variant,) = parse_variants(["notes"], SETTINGS, ["notes"])
    for notes in ("on", "off"):
        applied = variant.applied(replace(SETTINGS, notes=notes))
        assert applied == replace(SETTINGS, recall=0, notes="auto", each="off")
    with pytest.raises(UsageError, match="with: 'notes' is not one of nothing, recall"):
        parse_variants(["notes"], SETTINGS)


def test_where_everything_is_in_the_cache_nothing_comes_beside_it() -> None:
    names = ("both", "notes", "each")
    both, notes, each = parse_variants(names, SETTINGS, names)
    assert both.of_a_whole() == notes.of_a_whole() == Variant()
    assert each.of_a_whole() == each


def test_what_cannot_be_given_is_said() -> None:
    with pytest.raises(UsageError, match="with: 'look' is not one of nothing, recall, second-l"):
        parse_variants(["both", "look"], SETTINGS)
    with pytest.raises(UsageError, match="with=both: nothing is recalled; give recall"):
        parse_variants(["nothing", "both"], replace(SETTINGS, recall=0))
    with pytest.raises(UsageError, match="with=passages: there is no second look; give second_l"):
        parse_variants(["passages"], replace(SETTINGS, second_look=0))
    with pytest.raises(UsageError, match="with=notes: there is no second look; give second_look"):
        parse_variants(["notes"], replace(SETTINGS, second_look=0), ["notes"])
    assert parse_variants(["nothing"], Settings(recall=0, second_look=0)) == [Variant()]

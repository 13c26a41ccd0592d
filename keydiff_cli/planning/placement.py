"""Which layers of a model are computed on other devices, from the settings."""

from __future__ import annotations

from keydiff_cli.errors import UsageError
from keydiff_cli.llama import Placement
from keydiff_cli.settings.checks import split_names
from keydiff_cli.settings.config import Settings


def placement_of(settings: Settings) -> Placement:
    """The placement that the settings ask for.

    Raises
    ------
    UsageError
        If devices are named and no layers are to be on them.
    """
    devices, servers = split_names(settings.device), split_names(settings.rpc)
    wanted = settings.gpu_layers or ("auto" if devices or servers else "0")
    layers = None if wanted == "auto" else int(wanted)
    if layers == 0 and (devices or servers):
        raise UsageError(
            "gpu_layers is 0, which leaves nothing for the devices that are named; leave it out, "
            "or device and rpc"
        )
    return Placement(layers, devices, servers)

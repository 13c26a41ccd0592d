"""Says once on a machine that it has memory for a larger model than the default."""

from __future__ import annotations

from contextlib import suppress

from keydiff_cli.settings.resolving import Resolved


def hint_at_larger(resolved: Resolved) -> str:
    """The line to say after the first answer by the default model; empty if none is to be said.

    It is said where a larger model of the catalogue fits into the memory, and a file in the user's
    data folder remembers that it was.
    """
    if resolved.sources["model"] != "default":
        return ""
    from keydiff_cli import models
    from keydiff_cli.errors import KeydiffError
    from keydiff_cli.planning.suggesting import chatting, suggest
    from keydiff_cli.system.folders import user_data_folder

    said = user_data_folder() / "told-of-larger-models"
    if said.exists():
        return ""
    settings = resolved.settings
    size = models.catalogue()[settings.model].size
    with suppress(KeydiffError, OSError):
        here = models.installed(models.models_dir(settings.models_dir))
        larger = [entry for entry in chatting() if entry.size > size]
        fitting = (
            entry for entry in larger[::-1] if suggest(entry, here.get(entry.name), settings).plan
        )
        largest = next(fitting, None)
        said.parent.mkdir(parents=True, exist_ok=True)
        said.touch()
        if largest is not None:
            return (
                f"there is memory for larger models here, such as {largest.name}: see "
                "`keydiff models suggest`; this is said once"
            )
    return ""

"""Models of the hub that are here: in the models folder, or in the hub's own cache."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from keydiff_cli.errors import ModelError
from keydiff_cli.models.catalogue import CatalogueEntry, HubSource, catalogue
from keydiff_cli.models.elsewhere import hub_cache
from keydiff_cli.models.installation import LocatedModel, check_gguf, find_installed
from keydiff_cli.models.references import HubReference
from keydiff_cli.models.variants import Variant, choose, variants_of

_FOLDER = "hub"  # in the models folder


def entry_of(
    reference: HubReference, *, size: int = 0, license: str = "", sha256: str | None = None
) -> CatalogueEntry:
    """What is known of a file of the hub, in the form of an entry of the catalogue."""
    file = reference.file or ""
    return CatalogueEntry(
        name=str(reference),
        description="",
        license=license,
        size=size,
        context=0,
        sha256=sha256,
        filename=f"{_FOLDER}/{reference.place}/{file}",
        sources=(HubSource(reference.repo, file, reference.revision),),
    )


def find_hub(reference: HubReference, folder: Path) -> LocatedModel | None:
    """Locate a model of the hub that was fetched into the models folder, or lies in its cache.

    Of several that are here the one is taken that would be fetched.

    Raises
    ------
    ModelError
        When a file in the models folder is damaged or cannot be read.
    """
    own = folder / _FOLDER / reference.place
    if variant := _fitting(reference, own):
        return _installed(reference, variant, folder)
    if known := _in_catalogue(reference, folder):
        return known
    for snapshot in hub_cache.snapshots(reference.repo, reference.revision):
        if variant := _fitting(reference, snapshot):
            size = sum(check_gguf(snapshot / file) for file in variant.files)
            name = str(reference.of_file(variant.first))
            return LocatedModel(name, snapshot / variant.first, size, None, None)
    return None


def in_folder(folder: Path) -> list[tuple[HubReference, Variant]]:
    """The models of the hub that were fetched into the models folder, whole or not."""
    found = []
    root = folder / _FOLDER
    for variant in variants_of(_files(root)):
        owner, name, file = variant.first.split("/", 2)
        repo, _, revision = name.partition("@")
        if revision and "/" in file:  # a revision may be a path itself, such as refs/pr/1
            head, _, file = file.rpartition("/")
            revision = f"{revision}/{head}"
        found.append((HubReference(f"{owner}/{repo}", file, None, revision or "main"), variant))
    return found


def _fitting(reference: HubReference, folder: Path) -> Variant | None:
    """The model in a folder that a reference means, if all of it is there."""
    whole = [variant for variant in variants_of(_files(folder)) if not variant.missing]
    with suppress(ModelError):
        return choose(whole, str(folder), file=reference.file, quant=reference.quant)
    return None


def _files(folder: Path) -> list[str]:
    """The files below a folder, with ``/``."""
    return [
        path.relative_to(folder).as_posix() for path in folder.rglob("*.gguf") if path.is_file()
    ]


def _installed(reference: HubReference, variant: Variant, folder: Path) -> LocatedModel | None:
    parts = []
    for file in variant.files:
        part = find_installed(entry_of(reference.of_file(file)), folder)
        if part is None:  # removed in this moment
            return None
        parts.append(part)
    sha256 = parts[0].sha256 if len(parts) == 1 else None
    return replace(parts[0], size=sum(part.size for part in parts), sha256=sha256, entry=None)


def _in_catalogue(reference: HubReference, folder: Path) -> LocatedModel | None:
    """The installed model of the catalogue that is the same file."""
    by_file = {
        source.file: entry
        for entry in catalogue().values()
        for source in entry.sources
        if isinstance(source, HubSource)
        and (source.repo, source.revision) == (reference.repo, reference.revision)
        and (folder / entry.filename).is_file()
    }
    with suppress(ModelError):
        chosen = choose(
            variants_of(by_file), reference.repo, file=reference.file, quant=reference.quant
        )
        return find_installed(by_file[chosen.first], folder)
    return None

"""The parts that a part of an Office Open XML document refers to."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from urllib.parse import unquote

from keydiff_cli.documents.xml_events import START
from keydiff_cli.documents.zipped import Archive


@dataclass(frozen=True)
class Relation:
    """A reference from a part to another.

    Attributes
    ----------
    kind
        The end of its type, such as ``slide``.
    part
        The name of the member; empty where the target is outside, which is never followed.
    """

    kind: str
    part: str


def relations(archive: Archive, part: str) -> dict[str, Relation]:
    """What a part refers to, by identifier; the whole document where the part is empty."""
    folder, name = posixpath.split(part)
    found = {}
    for event in archive.events(posixpath.join(folder, "_rels", f"{name}.rels")):
        if event.what == START and event.name == "rel:Relationship":
            values = event.attributes
            kind = values.get("Type", "").rpartition("/")[2]
            target = "" if values.get("TargetMode") == "External" else values.get("Target", "")
            found[values.get("Id", "")] = Relation(kind, target and _resolved(folder, target))
    return found


def related(archive: Archive, part: str, kind: str) -> list[str]:
    """The parts of a kind that a part refers to, as far as they are there."""
    return [
        relation.part
        for relation in relations(archive, part).values()
        if relation.kind == kind and relation.part in archive
    ]


def _resolved(folder: str, target: str) -> str:
    if not target.startswith("/"):
        target = posixpath.join("/", folder, target)
    return posixpath.normpath(unquote(target)).lstrip("/")

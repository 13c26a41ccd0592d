"""Models of Ollama: manifests by name, and the files under their checksums."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keydiff_cli.models.elsewhere.found import Found, size_of

SCHEME, SOURCE = "ollama:", "Ollama"
_MODEL = "application/vnd.ollama.image.model"
_SYSTEM = Path("/usr/share/ollama/.ollama/models")  # where its service for Linux keeps them
_REGISTRY = "registry.ollama.ai/"


def models() -> Iterator[Found]:
    """Every model that Ollama has here."""
    for root in _roots():
        manifests = root / "manifests"
        for path in sorted(manifests.rglob("*")):
            if path.is_file():
                yield from _model(root, path, path.relative_to(manifests).parts)


def matches(found: Found, name: str) -> bool:
    """Whether a model is the one that a name means: without a tag, it is ``latest``."""
    wanted = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    return found.name.lower() == f"{SCHEME}{wanted}".lower()


def _roots() -> list[Path]:
    if chosen := os.environ.get("OLLAMA_MODELS"):
        return [Path(os.path.expanduser(chosen))]
    return [Path.home() / ".ollama" / "models", _SYSTEM]


def _model(root: Path, manifest: Path, parts: tuple[str, ...]) -> Iterator[Found]:
    layers = _object(manifest).get("layers")
    name = f"{'/'.join(parts[:-1])}:{parts[-1]}"
    name = name.removeprefix(_REGISTRY).removeprefix("library/")
    for layer in layers if isinstance(layers, list) else []:
        if isinstance(layer, dict) and layer.get("mediaType") == _MODEL:
            path = _blob(root, layer)
            config = _object(_blob(root, _object(manifest).get("config")))
            quant = config.get("file_type")
            yield Found(
                f"{SCHEME}{name}",
                SOURCE,
                path,
                size_of(path),
                quant.upper() if isinstance(quant, str) else None,
            )
            return


def _blob(root: Path, layer: Any) -> Path:
    digest = layer.get("digest") if isinstance(layer, dict) else None
    name = str(digest or "none").replace(":", "-")
    return root / "blobs" / Path(name).name


def _object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; an empty one where there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}

"""Folders as other programs leave them, with small models."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest


def ollama_model(root: Path, name: str, data: bytes, quant: str = "Q4_K_M") -> Path:
    """Put a model under Ollama's folder for models; ``name`` is ``HOST/OWNER/MODEL/TAG``."""
    config = _blob(root, json.dumps({"model_format": "gguf", "file_type": quant}).encode())
    path = _blob(root, data)
    layers = [
        {"mediaType": "application/vnd.ollama.image.template", "digest": config["digest"]},
        {"mediaType": "application/vnd.ollama.image.model", **path},
    ]
    manifest = root / "manifests" / name
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"schemaVersion": 2, "config": config, "layers": layers}))
    return root / "blobs" / path["digest"].replace(":", "-")


def _blob(root: Path, data: bytes) -> dict[str, str]:
    digest = hashlib.sha256(data).hexdigest()
    (root / "blobs").mkdir(parents=True, exist_ok=True)
    (root / "blobs" / f"sha256-{digest}").write_bytes(data)
    return {"digest": f"sha256:{digest}"}


def hub_model(root: Path, repo: str, file: str, data: bytes, commit: str = "c0ffee") -> Path:
    """Put a file into a cache of the hub, as its client does: a link to a file by its checksum."""
    folder = root / f"models--{repo.replace('/', '--')}"
    blob = folder / "blobs" / hashlib.sha256(data).hexdigest()
    path = folder / "snapshots" / commit / file
    for parent in (blob.parent, path.parent, folder / "refs"):
        parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(data)
    path.symlink_to(blob)
    (folder / "refs" / "main").write_text(commit)
    return path


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def own_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """A home folder without models, and no variables that name other places."""
    for name in ("HOME", "USERPROFILE", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    for name in ("OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("LLAMA_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home

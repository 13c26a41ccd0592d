"""How a model on the Hugging Face hub is named: a reference, or the address of a page there."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from keydiff_cli.errors import ModelError

SCHEME = "hf:"
_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
_REPO = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_REVISION = re.compile(r"[\w./-]+", re.ASCII)
_FORM = "hf:OWNER/REPO, hf:OWNER/REPO:QUANT or hf:OWNER/REPO/FILE.gguf"


@dataclass(frozen=True)
class HubReference:
    """A model in a repository of the hub.

    Attributes
    ----------
    repo
        ``owner/name`` of the repository.
    file
        Path of the file inside it, of a split model any part; None to choose one.
    quant
        The quantisation to choose, such as ``Q4_K_M``; None for the usual order of preference.
    revision
        Branch, tag or commit.
    """

    repo: str
    file: str | None = None
    quant: str | None = None
    revision: str = "main"

    @property
    def place(self) -> str:
        """The repository with its revision, if that is not ``main``."""
        return self.repo if self.revision == "main" else f"{self.repo}@{self.revision}"

    def __str__(self) -> str:
        """The reference as it is written: ``hf:OWNER/REPO[@REVISION][/FILE | :QUANT]``."""
        chosen = f"/{self.file}" if self.file else f":{self.quant}" if self.quant else ""
        return f"{SCHEME}{self.place}{chosen}"

    def of_file(self, file: str) -> HubReference:
        """The reference of one file of the same repository."""
        return HubReference(self.repo, file, None, self.revision)


def hub_reference(text: str) -> HubReference | None:
    """Read a reference, or the address of a page of the hub; None if a text is neither.

    Raises
    ------
    ModelError
        If it is meant as one and names no repository or no file of one.
    """
    if text.startswith(SCHEME):
        return _written(text)
    if re.match(r"https?://", text):
        return _page(text)
    return None


def is_safe(file: str) -> bool:
    """Whether the path of a file in a repository stays inside the folder it is put into."""
    parts = file.split("/")
    return not any(part in ("", ".", "..") for part in parts) and not re.search(
        r"[\\:\x00-\x1f]", file
    )


def _written(text: str) -> HubReference:
    """Read ``hf:OWNER/REPO[@REVISION][/FILE | :QUANT]``."""
    owner, _, rest = text.removeprefix(SCHEME).strip().partition("/")
    name, slash, file = rest.partition("/")
    quant = ""
    if not slash:
        name, _, quant = name.partition(":")
    name, _, revision = name.partition("@")
    return _checked(text, f"{owner}/{name}", file or None, quant or None, revision or "main")


def _page(text: str) -> HubReference:
    """Read the address of a repository, of a file in it, or of a download."""
    address = urlsplit(text)
    mirror = urlsplit(os.environ.get("HF_ENDPOINT") or "").netloc
    if address.netloc not in _HOSTS and address.netloc != mirror:
        raise ModelError(
            f"{text} is no page of huggingface.co: give {_FORM}, or the path of a file here"
        )
    owner, name, *rest = [*unquote(address.path).strip("/").split("/"), "", ""]
    shown = parse_qs(address.query).get("show_file_info", [""])[0]
    kind, revision, *path = [*filter(None, rest), "", ""]
    file = shown or ("/".join(filter(None, path)) if kind in ("blob", "resolve", "raw") else "")
    return _checked(text, f"{owner}/{name}", file or None, None, revision or "main")


def _checked(
    text: str, repo: str, file: str | None, quant: str | None, revision: str
) -> HubReference:
    named = _REPO.fullmatch(repo) and _REVISION.fullmatch(revision)
    if not named or ".." in repo or ".." in revision:
        raise ModelError(f"{text!r} names no repository of the hub: give {_FORM}")
    if file is not None and not (file.lower().endswith(".gguf") and is_safe(file)):
        raise ModelError(f"{text!r} names no GGUF file: give {_FORM}")
    return HubReference(repo, file, quant, revision)

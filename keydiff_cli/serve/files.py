"""Files that questions can be about, as the API lists them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from keydiff_cli.serve.refusals import Refusal


@dataclass(frozen=True)
class KnownFile:
    """A file by its id.

    Attributes
    ----------
    id
        What requests name it by.
    path
        Where it is.
    name
        What people call it.
    bytes
        How large it is.
    created
        When it came, in seconds since 1970.
    purpose
        What it was sent for, as the client said.
    """

    id: str
    path: Path
    name: str
    bytes: int
    created: int
    purpose: str

    def as_json(self) -> dict[str, Any]:
        """The file object of OpenAI's API."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.bytes,
            "created_at": self.created,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


class Files(Protocol):
    """Where files come from."""

    def list(self) -> list[KnownFile]:
        """All of them."""

    def find(self, file_id: str) -> KnownFile | None:
        """The one of an id; None if there is none."""


class Library:
    """All files: those that were sent, and those of the folders that the user has named."""

    def __init__(self, *places: Files) -> None:
        self._places = places

    def list(self) -> list[KnownFile]:
        """All of them, the latest first."""
        known = [file for place in self._places for file in place.list()]
        return sorted(known, key=lambda file: (-file.created, file.id))

    def get(self, file_id: str) -> KnownFile:
        """The one of an id.

        Raises
        ------
        Refusal
            If there is none.
        """
        for place in self._places:
            if file := place.find(file_id):
                return file
        shown = file_id[:80]
        problem = f"there is no file '{shown}'; GET /v1/files lists those that there are"
        raise Refusal(404, problem, code="file_not_found", param="file_id")

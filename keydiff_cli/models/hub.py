"""Models from the Hugging Face hub, in downloads that can be taken up again.

The client of the hub asks for the metadata of a file. Its ``hf_hub_download`` would start from
nothing after an interruption, so the bytes are streamed here, in the session of the client.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from keydiff_cli.errors import ModelError
from keydiff_cli.models.catalogue import CatalogueEntry, HubSource
from keydiff_cli.models.hub_errors import reason
from keydiff_cli.models.references import HubReference, is_safe
from keydiff_cli.models.staging import Reporter, SourceError, Staging
from keydiff_cli.models.variants import is_model

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

_ENDPOINT = "https://huggingface.co"
_METADATA_SECONDS = 5.0
_LISTING_SECONDS = 15.0
_READ_SECONDS = 30.0
_TRIES = 3  # in a row that bring no byte
_PAUSE_SECONDS = 1.0  # between two tries
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class HubFile:
    """A file on the hub: its size in bytes, and its SHA-256 where the hub knows it."""

    size: int
    sha256: str | None


@dataclass(frozen=True)
class Listing:
    """The GGUF files of a repository by their paths, and its licence."""

    files: Mapping[str, HubFile]
    license: str


class _BrokenError(Exception):
    """The transfer broke off, and may be taken up again."""


def fetch(
    source: HubSource,
    entry: CatalogueEntry,
    staging: Staging,
    report: Reporter,
    log: Callable[[str], None],
) -> str | None:
    """Fill the staging file from the hub, from where an earlier try stopped.

    The endpoint is ``HF_ENDPOINT`` where that is set.

    Returns
    -------
    str or None
        The SHA-256 that the hub announces for the file, if it announces one.

    Raises
    ------
    SourceError
        When the hub cannot be reached, does not have the file, or has a file that is not the
        one of the catalogue.
    OSError
        When the disk is full or cannot be written.
    """
    import_quietly()
    from huggingface_hub import hf_hub_url

    endpoint = endpoint_of_hub()
    metadata = _metadata(source, endpoint)
    etag, size = metadata.etag or "", metadata.size or entry.size
    announced = etag if _SHA256.fullmatch(etag) else None
    if entry.sha256 and announced not in (None, entry.sha256):
        raise SourceError("it has another file than the catalogue (SHA-256 differs)")
    if entry.sha256 and size != entry.size:
        raise SourceError("it has another file than the catalogue (size differs)")
    report.total = size
    staging.require_room(size, 0)
    staging.resume(f"{source.key} {etag}", report, keep_tail=True)
    if staging.size > size:
        staging.restart()
    if staging.size:
        log(f"{entry.name}: going on after {100 * staging.size // size} %")
    revision = metadata.commit_hash or source.revision
    url = hf_hub_url(source.repo, source.file, revision=revision, endpoint=endpoint)
    _transfer(url, endpoint, size, staging, report)
    return announced


def _raise_for(response: Any, endpoint: str) -> None:
    """Raise what an answer that is an error means: that the file is not to be had, or is later."""
    try:
        _utils().hf_raise_for_status(response)
    except Exception as error:
        if response.status_code < 500 and response.status_code not in (408, 429):
            raise SourceError(reason(error, endpoint)) from error
        raise


def endpoint_of_hub() -> str:
    """The address of the hub, or of the mirror that ``HF_ENDPOINT`` names."""
    return (os.environ.get("HF_ENDPOINT") or _ENDPOINT).rstrip("/")


def import_quietly() -> None:
    """Import the client of the hub with its telemetry and its own messages switched off."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True  # in case it was imported before
    _utils().logging.set_verbosity_error()


def _utils() -> Any:
    """Return ``huggingface_hub.utils``, whose type information is incomplete."""
    return import_module("huggingface_hub.utils")


def listing(reference: HubReference) -> Listing:
    """Ask the hub which GGUF files a repository has.

    Raises
    ------
    ModelError
        If the hub does not answer, or has no such repository.
    """
    import_quietly()
    from huggingface_hub import HfApi

    endpoint = endpoint_of_hub()
    try:
        info = HfApi(endpoint=endpoint, library_name="keydiff").model_info(
            reference.repo,
            revision=None if reference.revision == "main" else reference.revision,
            files_metadata=True,
            timeout=_LISTING_SECONDS,
        )
        card: Any = info.card_data or {}
        files = {
            file.rfilename: HubFile(file.size or 0, file.lfs.sha256 if file.lfs else None)
            for file in info.siblings or []
            if is_model(file.rfilename) and is_safe(file.rfilename)
        }
        return Listing(files, str(card.get("license") or "licence not stated"))
    except Exception as error:  # the client and the libraries below it raise many kinds
        why = reason(error, endpoint, reference.repo)
        raise ModelError(f"cannot fetch {reference}: {why}") from error


def _metadata(source: HubSource, endpoint: str) -> HfFileMetadata:
    """Ask the hub for size, commit and checksum of a file; SourceError if it does not answer."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(source.repo, source.file, revision=source.revision, endpoint=endpoint)
    try:
        return get_hf_file_metadata(url, timeout=_METADATA_SECONDS, endpoint=endpoint)
    except Exception as error:  # the client and the libraries below it raise many kinds
        raise SourceError(reason(error, endpoint, source.repo)) from error


def _transfer(url: str, endpoint: str, size: int, staging: Staging, report: Reporter) -> None:
    """Append what is missing of ``size`` bytes, taking up a transfer that breaks off."""
    failures = 0
    while staging.size < size:
        before = staging.size
        try:
            for chunk in _chunks(url, endpoint, staging):
                staging.write(chunk)
                report(staging.size)
            if staging.size <= before:
                raise _BrokenError("it sent nothing")
        except _BrokenError as error:
            failures = 0 if staging.size > before else failures + 1
            if failures >= _TRIES:
                raise SourceError(f"the download broke off: {error}") from error
            time.sleep(_PAUSE_SECONDS)
    if staging.size > size:
        staging.discard()
        raise SourceError("it sent more than the file it announced")


def _chunks(url: str, endpoint: str, staging: Staging) -> Iterator[bytes]:
    """Yield the bytes that follow those in `staging`; `_BrokenError` if they break off."""
    from huggingface_hub import get_session

    start = staging.size
    headers = _utils().build_hf_headers(library_name="keydiff") | {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        with get_session().stream("GET", url, headers=headers, timeout=_READ_SECONDS) as response:
            status = response.status_code
            if status >= 400:
                _raise_for(response, endpoint)
            if start and status != 206:  # ranges are not served here
                staging.restart()
            yield from response.iter_raw()
    except SourceError:
        raise
    except Exception as error:  # an error of the transfer, as the caller raises none in here
        raise _BrokenError(reason(error, endpoint)) from error

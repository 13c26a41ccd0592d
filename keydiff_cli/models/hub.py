"""Models from the Hugging Face hub, in downloads that can be taken up again.

The client of the hub asks for the metadata of a file. Its ``hf_hub_download`` would start from
nothing after an interruption, so the bytes are streamed here, in the session of the client.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from keydiff_cli.models.catalogue import CatalogueEntry, HubSource
from keydiff_cli.models.staging import Reporter, SourceError, Staging

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

_ENDPOINT = "https://huggingface.co"
_METADATA_SECONDS = 5.0
_READ_SECONDS = 30.0
_TRIES = 3  # in a row that bring no byte
_PAUSE_SECONDS = 1.0  # between two tries
_SHA256 = re.compile(r"[0-9a-f]{64}")


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
    _import_quietly()
    from huggingface_hub import hf_hub_url

    endpoint = (os.environ.get("HF_ENDPOINT") or _ENDPOINT).rstrip("/")
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


def _import_quietly() -> None:
    """Import the client of the hub with its telemetry and its own messages switched off."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True  # in case it was imported before
    _utils().logging.set_verbosity_error()


def _utils() -> Any:
    """Return ``huggingface_hub.utils``, whose type information is incomplete."""
    return import_module("huggingface_hub.utils")


def _metadata(source: HubSource, endpoint: str) -> HfFileMetadata:
    """Ask the hub for size, commit and checksum of a file; SourceError if it does not answer."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(source.repo, source.file, revision=source.revision, endpoint=endpoint)
    try:
        return get_hf_file_metadata(url, timeout=_METADATA_SECONDS, endpoint=endpoint)
    except Exception as error:  # the client and the libraries below it raise many kinds
        raise SourceError(_reason(error, endpoint)) from error


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

    utils = _utils()
    start = staging.size
    headers = utils.build_hf_headers(library_name="keydiff") | {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        with get_session().stream("GET", url, headers=headers, timeout=_READ_SECONDS) as response:
            status = response.status_code
            if 400 <= status < 500 and status not in (408, 429):
                raise SourceError(f"{endpoint} answers {status} for {url}")
            utils.hf_raise_for_status(response)
            if start and status != 206:  # ranges are not served here
                staging.restart()
            yield from response.iter_raw()
    except SourceError:
        raise
    except Exception as error:  # an error of the transfer, as the caller raises none in here
        raise _BrokenError(_reason(error, endpoint)) from error


def _reason(error: Exception, endpoint: str) -> str:
    """Say in one clause what went wrong with the hub."""
    response: Any = getattr(error, "response", None)
    if response is not None:
        kind = {401: "no such model, or not public", 404: "no such file"}.get(response.status_code)
        return f"{endpoint} answers {response.status_code}" + (f" ({kind})" if kind else "")
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{endpoint} cannot be reached ({first or type(error).__name__})"

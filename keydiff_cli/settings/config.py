"""What a run can be told: its settings, with their defaults and checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from keydiff_cli.settings import checks


def _setting(default: Any, kind: type, check: Callable[[Any], Any] | None = None) -> Any:
    """Make a field of a setting: its default, its type beside None, and a check of its value."""
    return field(default=default, metadata={"kind": kind, "check": check})


@dataclass(frozen=True)
class Settings:
    """Everything a run can be told, besides documents and question.

    Attributes
    ----------
    model
        Name of a model in the catalogue, or path of a GGUF file.
    memory
        Cap on the memory of the whole process, in bytes; None for no cap.
    budget
        The paper's N: tokens kept per head. None for all of a document of up
        to 4096, 1024 of a longer one, or as many as the memory allows.
    block
        The paper's B: tokens read between two evictions.
    policy
        Which tokens are kept; None for ``keydiff-prerope``.
    max_tokens
        Tokens after which an answer stops.
    temperature, seed
        How the tokens of an answer are drawn; at temperature 0 it is always the likeliest one.
    system
        The system prompt; None for the built-in one.
    think
        Whether a model may think aloud, and its thoughts are shown with the answer.
    threads
        Threads to compute with; None for as many as there are physical cores.
    kv_type
        Type of the numbers in the cached keys and values: ``f16`` or ``q8_0``.
    gpu_layers
        How many of the last layers are on other devices, or ``auto`` for all layers if there are
        devices; None is 0, or ``auto`` where devices or servers are named.
    device
        Names of devices, separated by commas; None for all devices but processors.
    rpc
        RPC servers of llama.cpp, as ``HOST:PORT``, separated by commas.
    offline
        Whether fetching a model is forbidden.
    models_dir
        The folder of the models; None for the one in the user's data folder.
    conversation
        Tokens of questions and answers that are kept beside the documents.
    ocr
        Which pages of a PDF are read as pictures: those without text that can be read, ``auto``;
        ``all``; or none, ``off``.
    cache
        Whether what was read is kept on disk, and taken up again by later runs.
    cache_dir
        The folder where it is kept; None for the one in the user's cache folder.
    archive
        What of the rows of all that is read is written to disk: keys and values, ``full``; or
        ``keys``, which can be looked at but not put back; or nothing, ``off``.
    archive_type
        Type of the numbers written there, ``f16`` or ``q8_0``; None for that of the cache. Of a
        q8_0 cache they are always q8_0.
    recall
        Tokens whose rows come back into the cache from the archive for a question; 0 for none.
    second_look
        Tokens of passages of the text that are read again before a question; 0 for none, or at
        least 192, as less has no room for a passage.
    notes
        Whether a question about the whole ("summarize") is answered from notes on all parts:
        ``auto`` where they need no second reading, ``on`` in any case, or ``off``.
    length
        Of a summary: ``short``, ``medium``, ``long``, or so many words; None to go by the question.
    format
        What a summary looks like: ``text``, or an ``outline``.
    each
        Whether a question for everything of a kind ("list all deadlines") is put to every part:
        ``auto`` where they need no second reading, ``on`` for every question, or ``off``.
    cite
        Whether the sentences of an answer are followed by the places that they rest on.
    absent
        What happens where the model finds no answer to a question in the documents: the answer
        says so, ``say``; or it is given, with a warning, ``note``; or that is not looked at, which
        saves the time, ``off``.
    plain
        Whether a terminal shows the Markdown of an answer as it is, too.
    positions
        What happens when positions come to the end of the longest text that the model was made
        for: rows get new ones, with long gaps cut (``capped``), without gaps (``ranked``), all
        closer alike (``scaled``); or positions count on (``counted``).
    compact_at, compact_to
        Shares of it: where rows get new positions, and below which these are.
    cache_size
        Bytes that this folder may take; what was used the longest time ago is removed first.
    sessions_dir
        The folder of the saved chats; None for the one in the user's data folder.
    """

    model: str = _setting("qwen2.5-coder-1.5b", str)
    memory: int | None = _setting(None, int, checks.memory)
    budget: int | None = _setting(None, int, checks.tokens)
    block: int = _setting(128, int, checks.between(1, 4096, " tokens"))
    policy: str | None = _setting(None, str, checks.policy)
    max_tokens: int = _setting(512, int, checks.tokens)
    temperature: float = _setting(0.0, float, checks.between(0, 10))
    seed: int = _setting(0, int, checks.seed)
    system: str | None = _setting(None, str)
    think: bool = _setting(False, bool)
    threads: int | None = _setting(None, int, checks.between(1, 512))  # llama.cpp's own limit
    kv_type: str = _setting("f16", str, checks.one_of(checks.KV_TYPE_NAMES))
    gpu_layers: str | None = _setting(None, str, checks.layers)
    device: str | None = _setting(None, str, checks.devices)
    rpc: str | None = _setting(None, str, checks.servers)
    offline: bool = _setting(False, bool)
    models_dir: str | None = _setting(None, str)
    conversation: int = _setting(768, int, checks.tokens)
    ocr: str = _setting("auto", str, checks.one_of(checks.OCR_MODES))
    cache: bool = _setting(True, bool)
    cache_dir: str | None = _setting(None, str)
    archive: str = _setting("full", str, checks.one_of(checks.ARCHIVES))
    archive_type: str | None = _setting(None, str, checks.one_of(checks.KV_TYPE_NAMES))
    recall: int = _setting(384, int, checks.between(0, 2**20, " tokens"))
    second_look: int = _setting(
        512, int, checks.none_or(checks.between(checks.SMALLEST_LOOK, 2**16, " tokens"))
    )
    notes: str = _setting("auto", str, checks.one_of(checks.WHENEVER))
    length: str | None = _setting(None, str, checks.length)
    format: str = _setting("text", str, checks.one_of(checks.FORMATS))
    each: str = _setting("auto", str, checks.one_of(checks.WHENEVER))
    cite: bool = _setting(False, bool)
    absent: str = _setting("say", str, checks.one_of(checks.ABSENCES))
    plain: bool = _setting(False, bool)
    positions: str = _setting("capped", str, checks.one_of(checks.POSITIONS))
    compact_at: float = _setting(1.0, float, checks.between(0.01, 1))
    compact_to: float = _setting(0.5, float, checks.between(0, 0.9))
    cache_size: int = _setting(5 * 10**9, int, checks.memory)
    sessions_dir: str | None = _setting(None, str)

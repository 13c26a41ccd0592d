"""Settings and where their values come from.

A flag outranks a variable ``KEYDIFF_*`` of the environment, which outranks the configuration file,
which outranks the default.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from keydiff_cli.errors import UsageError, setting
from keydiff_cli.settings import checks
from keydiff_cli.settings.values import convert
from keydiff_cli.system.files import told_by
from keydiff_cli.system.folders import user_config_folder
from keydiff_cli.system.terminal import complain

PREFIX = "KEYDIFF_"  # of the variables of the environment that are settings
_OTHER_VARIABLES = (f"{PREFIX}CONFIG", f"{PREFIX}TEST_")  # beginnings of names that are no settings


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


@dataclass(frozen=True)
class Resolved:
    """Settings, and where each value comes from.

    Attributes
    ----------
    settings
        The values.
    sources
        By the name of a setting: ``flag``, the name of a variable, the path of the configuration
        file, or ``default``.
    """

    settings: Settings
    sources: dict[str, str]

    def chosen(self, name: str) -> bool:
        """Whether the command line gives a setting another value than the default."""
        default = getattr(Settings(), name)
        return self.sources[name] == "flag" and getattr(self.settings, name) != default


def config_path(environment: Mapping[str, str]) -> Path:
    """Return the path of the configuration file, which need not exist.

    It is the one that ``KEYDIFF_CONFIG`` names, or config.toml in the user's configuration folder.
    """
    if chosen := environment.get(f"{PREFIX}CONFIG"):
        return Path(os.path.expanduser(chosen))
    return user_config_folder() / "config.toml"


def resolve(
    flags: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    tell: Callable[[UsageError], None] | None = None,
) -> Resolved:
    """Merge the four layers: flags, environment, configuration file and defaults.

    Parameters
    ----------
    flags
        Values of the command line by the name of the setting; None stands for a flag that is not
        given. Names that are no settings are passed over.
    environment
        Variables by name; None for those of this process.
    tell
        Told of everything that is wrong, which is passed over then; without it, that is raised,
        but for a variable that is no setting, of which there is a warning.

    Raises
    ------
    UsageError
        If a value is wrong, or the file is, and nobody is told; the message names the place.
    """
    environment, refuse = os.environ if environment is None else environment, tell or _raise
    path = config_path(environment)
    written: dict[str, Any] = {}
    try:
        written = _read_file(path, required=bool(environment.get(f"{PREFIX}CONFIG")))
    except UsageError as error:
        refuse(error)
    known = {item.name: item for item in fields(Settings)}
    for name in written:
        if name not in known:
            refuse(UsageError(f"{path}: unknown setting '{name}'; known: {', '.join(known)}"))
    for name in environment:
        is_setting = name.startswith(PREFIX) and not name.startswith(_OTHER_VARIABLES)
        if is_setting and name.removeprefix(PREFIX).lower() not in known:
            (tell or _warn)(UsageError(f"{name} is no setting; known: {', '.join(known)}"))
    values: dict[str, Any] = {}
    sources = dict.fromkeys(known, "default")
    for name, item in known.items():
        variable = PREFIX + name.upper()
        if flags.get(name) is not None:
            raw, source, label = flags[name], "flag", setting(name)
        elif environment.get(variable):
            raw, source, label = environment[variable], variable, variable
        elif name in written:
            raw, source, label = written[name], str(path), f"{path}: {name}"
        else:
            continue
        try:
            values[name], sources[name] = convert(raw, item, label), source
        except UsageError as error:
            refuse(error)
    return Resolved(Settings(**values), sources)


def _raise(error: UsageError) -> None:
    raise error


def _warn(error: UsageError) -> None:
    complain(f"warning: {error}")


def change(settings: Settings, name: str, text: str) -> Settings:
    """Return settings with another value for one of them.

    Parameters
    ----------
    settings
        The settings, which stay as they are.
    name
        The name of the setting.
    text
        The value as a user writes it.

    Raises
    ------
    UsageError
        If the setting cannot have that value.
    """
    (item,) = (item for item in fields(Settings) if item.name == name)
    value = convert(text, item, name)
    return replace(settings, **{name: value})


def check_settings(settings: Settings) -> None:
    """Check that settings that come from a file have values of the right types and ranges.

    Raises
    ------
    UsageError
        If a value is not; the message begins with the name of the setting.
    """
    for item in fields(Settings):
        value = getattr(settings, item.name)
        if value is not None or item.default is not None:
            if isinstance(value, str) and item.metadata["kind"] is not str:
                raise UsageError(f"{item.name}: {value!r} is a text")
            convert(value, item, item.name)


def _read_file(path: Path, *, required: bool) -> dict[str, Any]:
    """Read the configuration file; without one there are no values, unless it is required."""
    import tomllib

    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return values
    except FileNotFoundError:
        if required:
            raise UsageError(f"{path}: no such configuration file ({PREFIX}CONFIG)") from None
        return {}
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {told_by(error)}") from None
    except (ValueError, RecursionError) as error:  # also not UTF-8, not TOML
        raise UsageError(f"{path}: cannot be read: {error}") from None

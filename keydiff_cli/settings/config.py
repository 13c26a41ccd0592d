"""Settings: flag > environment (``KEYDIFF_*``) > configuration file > default."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from keydiff_cli.errors import UsageError
from keydiff_cli.settings import checks
from keydiff_cli.system.sizes import parse_size
from keydiff_cli.system.terminal import complain

PREFIX = "KEYDIFF_"
_OTHER_VARIABLES = (f"{PREFIX}CONFIG", f"{PREFIX}TEST_")
_SIZES = ("memory", "cache_size")


def _setting(default: Any, kind: type, check: Callable[[Any], Any] | None = None) -> Any:
    return field(default=default, metadata={"kind": kind, "check": check})


@dataclass(frozen=True)
class Settings:
    """Everything a run can be told, besides documents and question.

    Attributes
    ----------
    model
        Name in the catalogue, or path of a GGUF file.
    memory
        Cap for the whole process in bytes; None for no cap.
    budget
        N: tokens kept per head; None for what the cap allows, or 4096 without a cap.
    block
        B: tokens read between evictions.
    policy
        Which tokens to keep; None leaves it to the command: ``ask`` takes ``focus``.
    max_tokens
        Where an answer stops.
    temperature, seed
        Sampling; temperature 0 is greedy.
    system
        System prompt; None for the built-in one.
    threads
        None for the physical cores.
    kv_type
        Type of the cached keys and values.
    gpu_layers
        How many of the last layers are on other devices, or ``auto`` for all if there are any; None
        is 0, or ``auto`` where devices or servers are named.
    device
        Names of devices, separated by commas; None for all but processors.
    rpc
        RPC servers of llama.cpp, ``HOST:PORT``, separated by commas.
    offline
        Never fetch a model.
    models_dir
        Where models are kept; None for the user's data folder.
    conversation
        Tokens of questions and answers that are kept beside the documents.
    cache
        Keep what was read, and take it up again.
    cache_dir
        Where it is kept; None for the user's cache folder.
    cache_size
        Bytes that it may take; the least recently used goes first.
    sessions_dir
        Where saved chats are kept; None for the user's data folder.
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
    threads: int | None = _setting(None, int, checks.between(1, 512))  # llama.cpp's own limit
    kv_type: str = _setting("f16", str, checks.one_of(checks.KV_TYPE_NAMES))
    gpu_layers: str | None = _setting(None, str, checks.layers)
    device: str | None = _setting(None, str, checks.devices)
    rpc: str | None = _setting(None, str, checks.servers)
    offline: bool = _setting(False, bool)
    models_dir: str | None = _setting(None, str)
    conversation: int = _setting(768, int, checks.tokens)
    cache: bool = _setting(True, bool)
    cache_dir: str | None = _setting(None, str)
    cache_size: int = _setting(5 * 10**9, int, checks.memory)
    sessions_dir: str | None = _setting(None, str)


@dataclass(frozen=True)
class Resolved:
    """Settings, and where each value comes from (``default``, a file, a variable, a flag)."""

    settings: Settings
    sources: dict[str, str]


def config_path(environment: Mapping[str, str]) -> Path:
    """The configuration file: ``KEYDIFF_CONFIG``, or config.toml in the user's config folder."""
    if chosen := environment.get(f"{PREFIX}CONFIG"):
        return Path(os.path.expanduser(chosen))
    from platformdirs import user_config_path

    return user_config_path("keydiff", appauthor=False) / "config.toml"


def cache_path() -> Path:
    """The user's folder for what can be made again."""
    from platformdirs import user_cache_path

    return user_cache_path("keydiff", appauthor=False)


def resolve(flags: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Resolved:
    """Merge the four layers.

    Parameters
    ----------
    flags
        Values of the command line by setting name; None = not given. Other names are passed over.

    Raises
    ------
    UsageError
        If a value is wrong (naming where it stands), or the file cannot be read.
    """
    environment = os.environ if environment is None else environment
    path = config_path(environment)
    written = _read_file(path, required=bool(environment.get(f"{PREFIX}CONFIG")))
    known = {item.name: item for item in fields(Settings)}
    for name in written:
        if name not in known:
            raise UsageError(f"{path}: unknown setting '{name}'; known: {', '.join(known)}")
    for name in environment:
        ours = name.startswith(PREFIX) and not name.startswith(_OTHER_VARIABLES)
        if ours and name.removeprefix(PREFIX).lower() not in known:
            complain(f"warning: {name} is no setting; known: {', '.join(known)}")
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name, item in known.items():
        variable = PREFIX + name.upper()
        if flags.get(name) is not None:
            raw, source, label = flags[name], "flag", "--" + name.replace("_", "-")
        elif environment.get(variable):
            raw, source, label = environment[variable], variable, variable
        elif name in written:
            raw, source, label = written[name], str(path), f"{path}: {name}"
        else:
            sources[name] = "default"
            continue
        values[name] = _convert(raw, item, label)
        sources[name] = source
    return Resolved(Settings(**values), sources)


def change(settings: Settings, name: str, text: str) -> Settings:
    """Settings with one value as a user writes it.

    Raises
    ------
    UsageError
        If it cannot have the value.
    """
    (item,) = (item for item in fields(Settings) if item.name == name)
    value = _convert(text, item, name)
    return replace(settings, **{name: value})


def check_settings(settings: Settings) -> None:
    """Find out whether values that come from elsewhere are of their kinds and ranges.

    Raises
    ------
    UsageError
        If one is not.
    """
    for item in fields(Settings):
        value = getattr(settings, item.name)
        if value is not None or item.default is not None:
            if isinstance(value, str) and item.metadata["kind"] is not str:
                raise UsageError(f"{item.name}: {value!r} is a text")
            _convert(value, item, item.name)


def _convert(raw: Any, item: Field[Any], label: str) -> Any:
    kind = item.metadata["kind"]
    try:
        if isinstance(raw, str) and item.name in _SIZES:
            value: Any = parse_size(raw)
        elif isinstance(raw, str) and kind is bool:
            value = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[
                raw.lower()
            ]
        elif isinstance(raw, str):
            value = kind(raw)
        elif kind is float and type(raw) is int:
            value = float(raw)
        elif type(raw) is kind:
            value = raw
        elif type(raw) is int and item.name == "gpu_layers":
            value = str(raw)
        else:
            raise ValueError
        if isinstance(value, str) and "\0" in value:
            raise ValueError
        check = item.metadata["check"]
        return check(value) if check else value
    except UsageError as error:
        raise UsageError(f"{label}: {error}") from None
    except (ValueError, KeyError, OverflowError):
        wanted = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
        raise UsageError(f"{label}: {raw!r} is not {wanted[kind]}") from None


def _read_file(path: Path, *, required: bool) -> dict[str, Any]:
    import tomllib

    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return values
    except FileNotFoundError:
        if required:
            raise UsageError(f"{path}: no such configuration file ({PREFIX}CONFIG)") from None
        return {}
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:  # also not UTF-8, not TOML
        raise UsageError(f"{path}: cannot be read: {error}") from None

"""Where the values of settings come from.

A flag outranks a variable ``KEYDIFF_*`` of the environment, which outranks the configuration file,
which outranks the default.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from keydiff_cli.errors import UsageError, setting
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.values import convert
from keydiff_cli.system.files import told_by
from keydiff_cli.system.folders import user_config_folder
from keydiff_cli.system.terminal import complain

PREFIX = "KEYDIFF_"  # of the variables of the environment that are settings
# Beginnings of names that are no settings.
_OTHER_VARIABLES = (f"{PREFIX}CONFIG", f"{PREFIX}API_KEY", f"{PREFIX}TEST_")


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
            refuse(UsageError(f"{path}: unknown setting '{name}'; {unknown(name)}"))
    for name in environment:
        is_setting = name.startswith(PREFIX) and not name.startswith(_OTHER_VARIABLES)
        if is_setting and (meant := name.removeprefix(PREFIX).lower()) not in known:
            (tell or _warn)(UsageError(f"{name} is no setting; {unknown(meant)}"))
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


def nearest(name: str) -> str | None:
    """The setting that a name most likely means: one that begins so, or one spelt almost so."""
    known, name = [item.name for item in fields(Settings)], name.lower().replace("-", "_")
    begin = [each for each in known if name and each.startswith(name)]
    return next(iter(begin or get_close_matches(name, known, n=1, cutoff=0.7)), None)


def unknown(name: str) -> str:
    """What to say of a name that is no setting's: the nearest one, or all that there are."""
    near = nearest(name)
    known = ", ".join(item.name for item in fields(Settings))
    return f"did you mean {near}?" if near else f"known: {known}"


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

"""The policies by name: those of keydiff, and those of other installed packages.

A package adds policies through the entry point group ``keydiff.policies``: each entry point is a
:class:`~keydiff_cli.eviction.Policy`, and its name is what the setting ``policy`` takes.

The command needs the names at every start, so nothing heavy is imported, no NumPy and no scorer,
before a policy is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args

from keydiff_cli.errors import UsageError, reason, setting

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from keydiff_cli.eviction import Policy

DEFAULT_POLICY = "keydiff-prerope"  # reads without a question, so that it serves all of them
PLUGINS = "keydiff.policies"  # the entry point group of policies in other packages
_FIELDS = ("vote", "sinks", "recent", "pyramid")


@dataclass(frozen=True)
class Line:
    """What makes a policy.

    Attributes
    ----------
    scorer
        File and class of its scorer in ``scores/``; empty for a policy that keeps everything.
    changes
        Fields of the policy, and of its scorer, that are not left at their defaults.
    revision
        To be raised when the policy keeps other tokens than before; None while it never has.
    """

    scorer: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    revision: str | None = None


TABLE = {
    "full": Line(),
    "focus": Line("focus.Focus", revision="4"),
    "focus-token": Line("focus.Focus", {"vote": 1.0}, revision="4"),
    "keydiff-prerope": Line("keydiff.KeyDiff", {"prerope": True}),
    "keydiff": Line("keydiff.KeyDiff"),
    "keydiff-token": Line("keydiff.KeyDiff", {"vote": 1.0}),
    "window": Line("window.Window", {"sinks": 4}),
    "random": Line("random.Random"),
    "tova": Line("tova.Tova"),
    "snapkv": Line("snapkv.SnapKV", {"recent": 0.1}),
    "h2o": Line("h2o.HeavyHitters", {"recent": 0.5}),
    "knorm": Line("knorm.KeyNorm"),
    "l2": Line("distance.Distance"),
    "nested": Line("nested.Nested"),
    "pyramid": Line("keydiff.KeyDiff", {"pyramid": 0.5}),
}
POLICY_NAMES = tuple(TABLE)
_PART_OF_A_VOTE = "2"  # that of every policy whose heads decide a part of the budget together


class _Policies(Mapping[str, "Policy"]):
    """The policies of the table, each made when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Policy] = {}

    def __getitem__(self, name: str) -> Policy:
        if name not in self._made:
            self._made[name] = _make(name, TABLE[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(TABLE)

    def __len__(self) -> int:
        return len(TABLE)


POLICIES: Mapping[str, Policy] = _Policies()


def _make(name: str, line: Line) -> Policy:
    from keydiff_cli.eviction import Policy

    if not line.scorer:
        return Policy(name, None)
    module, _, kind = line.scorer.partition(".")
    scorer = getattr(import_module(f"keydiff_cli.scores.{module}"), kind)
    own, others = _apart(line.changes)
    return Policy(name, scorer(**others), **own)


def find_policy(spec: str) -> Policy:
    """The policy of a specification: ``NAME`` or ``NAME:FIELD=VALUE:FIELD=VALUE...``.

    The fields are ``sinks``, ``recent``, ``vote`` and ``pyramid`` of the policy, and those of its
    scorer.

    Raises
    ------
    UsageError
        If there is none of that name, it has no such field or cannot have the value, or the
        package that has it fails.
    """
    name, *changes = spec.split(":")
    policy = POLICIES[name] if name in TABLE else _plugin(name)
    try:
        policy = replace(_changed(policy, changes), name=spec)
        _check_scorer(policy)
    except ValueError as error:
        raise UsageError(f"{setting('policy', spec)}: {error}") from error
    except (Exception, SystemExit) as error:  # code of someone else: anything may go wrong
        raise UsageError(f"{setting('policy', spec)}: {reason(error)}") from error
    return policy


def choose_policy(wanted: str | None, question: str | None) -> Policy:
    """The policy that is wanted, or the default one.

    Raises
    ------
    UsageError
        If it reads for a question, and there is none; or as :func:`find_policy` does.
    """
    policy = find_policy(wanted or DEFAULT_POLICY)
    if policy.watch == "question" and question is None:
        raise UsageError(
            f"{setting('policy', policy.name)} reads for a question; without one use "
            f"{setting('policy', DEFAULT_POLICY)}"
        )
    return policy


def as_cached(policy: Policy) -> Policy:
    """A policy on keys before RoPE, on keys as they are cached."""
    scorer: Any = policy.scorer
    name = f"{policy.name.replace(':prerope=1', '')}:prerope=0"
    changed = replace(policy, name=name, scorer=replace(scorer, prerope=False))
    named = (other for other in POLICIES.values() if replace(other, name=name) == changed)
    return next(named, changed)


def policy_version(policy: Policy) -> str | None:
    """What tells it from policies of the same name that kept other tokens; None if there are none.

    The version of the package that it comes from, or the revision in keydiff's own table.
    """
    name = policy.name.partition(":")[0]
    if name in TABLE:
        return TABLE[name].revision or (_PART_OF_A_VOTE if 0 < policy.vote < 1 else None)
    for point in plugins():
        if point.name == name and point.dist is not None:
            return point.dist.version
    return None


def plugins() -> list[EntryPoint]:
    """The entry points of policies in other packages.

    Raises
    ------
    UsageError
        If those of an installed package, whatever it is, cannot be read.
    """
    from importlib.metadata import distributions, entry_points

    try:
        return list(entry_points(group=PLUGINS))
    except Exception as error:  # the parser raises what it stumbles over
        named = "an installed package"
        for package in distributions():
            try:
                list(package.entry_points)
            except Exception:
                named = f"the package '{package.metadata['Name']}'"
                break
        raise UsageError(
            f"entry_points.txt of {named} cannot be read ({reason(error)}); "
            "install that package anew, or remove it"
        ) from error


def _plugin(name: str) -> Policy:
    from keydiff_cli.eviction import Policy

    points = {point.name: point for point in reversed(plugins())}  # the first of a name counts
    if name not in points:
        known = ", ".join((*POLICY_NAMES, *sorted(points)))
        raise UsageError(f"there is no policy '{name}'; there are {known}")
    value = points[name].value
    try:
        policy = points[name].load()
    except (Exception, SystemExit) as error:  # code of someone else: anything may go wrong
        raise UsageError(f"the policy '{name}' ({value}) fails: {reason(error)}") from error
    if not isinstance(policy, Policy):
        raise UsageError(f"the policy '{name}' ({value}) is no keydiff policy")
    return policy


def _check_scorer(policy: Policy) -> None:
    """Refuse what cannot be a scorer, as that of another package may be."""
    from keydiff_cli.scores import SharedScorer, Watch

    scorer: Any = policy.scorer
    if scorer is None:
        return
    for part in (scorer, scorer.rest) if isinstance(scorer, SharedScorer) else (scorer,):
        if isinstance(part, type) or not callable(part):
            raise ValueError(f"its scorer is {part!r}, which cannot score")
        if getattr(part, "watch", None) not in get_args(Watch):
            raise ValueError(f"'watch' of its scorer is none of {', '.join(get_args(Watch))}")
    if policy.prerope:
        as_cached(policy)  # so it must be possible


def _changed(policy: Policy, changes: list[str]) -> Policy:
    """The policy with fields of it and its scorer changed, each given as ``FIELD=VALUE``."""
    scorer: Any = policy.scorer
    places: dict[str, Any] = dict.fromkeys(_FIELDS, policy)
    if is_dataclass(scorer):
        places |= dict.fromkeys((each.name for each in fields(scorer)), scorer)
    if changes and scorer is None:
        raise ValueError("it keeps everything, and has no fields")
    values: dict[str, Any] = {}
    for change in changes:
        name, _, text = change.partition("=")
        if name in values:
            raise ValueError(f"'{name}' is given twice")
        if name not in places:
            raise ValueError(f"there is no field '{name}'; there are {', '.join(places)}")
        kind = type(getattr(places[name], name))
        try:
            values[name] = {"0": False, "1": True}[text] if kind is bool else kind(text)
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"'{text}' is no value for '{name}'") from None
    own, others = _apart(values)
    return replace(policy, scorer=replace(scorer, **others) if others else scorer, **own)


def _apart(changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields of a policy, and those of its scorer."""
    own = {name: value for name, value in changes.items() if name in _FIELDS}
    return own, {name: value for name, value in changes.items() if name not in own}

"""The policies by name: those of keydiff, and those of other installed packages.

A package adds policies through the entry point group ``keydiff.policies``: each entry point is a
:class:`~keydiff_cli.eviction.Policy`, and its name is what ``--policy`` takes.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args

from keydiff_cli.errors import UsageError, reason
from keydiff_cli.eviction import Policy
from keydiff_cli.scores import (
    Distance,
    Focus,
    HeavyHitters,
    KeyDiff,
    KeyNorm,
    Nested,
    Random,
    SharedScorer,
    SnapKV,
    Tova,
    Watch,
    Window,
)
from keydiff_cli.settings.checks import POLICY_NAMES, plugins
from keydiff_cli.settings.config import Settings

ASKING = "focus"  # the policy when the question is known before reading
BLIND = "keydiff-prerope"  # the policy when it is not, or where its queries cannot be had
POLICIES = {
    policy.name: policy
    for policy in (
        Policy("full", None),
        Policy("focus", Focus()),
        Policy("focus-token", Focus(), vote=1.0),
        Policy("keydiff-prerope", KeyDiff(prerope=True)),
        Policy("keydiff", KeyDiff()),
        Policy("keydiff-token", KeyDiff(), vote=1.0),
        Policy("window", Window(), sinks=4),
        Policy("random", Random()),
        Policy("tova", Tova()),
        Policy("snapkv", SnapKV(), recent=0.1),
        Policy("h2o", HeavyHitters(), recent=0.5),
        Policy("knorm", KeyNorm()),
        Policy("l2", Distance()),
        Policy("nested", Nested()),
        Policy("pyramid", KeyDiff(), pyramid=0.5),
    )
}
_REVISIONS = {
    "focus": "4",
    "focus-token": "4",
}  # to be raised when a policy keeps other tokens than before
_PART_OF_A_VOTE = "2"  # that of every policy whose heads decide a part of the budget together
_FIELDS = ("vote", "sinks", "recent", "pyramid")


def find_policy(spec: str) -> Policy:
    """The policy that ``--policy`` asks for: ``NAME`` or ``NAME:FIELD=VALUE:FIELD=VALUE...``.

    The fields are ``sinks``, ``recent``, ``vote`` and ``pyramid`` of the policy, and those of its
    scorer.

    Raises
    ------
    UsageError
        If there is none of that name, it has no such field or cannot have the value, or the
        package that has it fails.
    """
    name, *changes = spec.split(":")
    policy = POLICIES.get(name) or _plugin(name)
    try:
        policy = replace(_changed(policy, changes), name=spec)
        _check_scorer(policy)
    except ValueError as error:
        raise UsageError(f"--policy {spec}: {error}") from error
    except (Exception, SystemExit) as error:  # code of someone else: anything may go wrong
        raise UsageError(f"--policy {spec}: {reason(error)}") from error
    return policy


def choose_policy(settings: Settings, question: str | None) -> Policy:
    """The policy of the settings, or the one that is best with or without a question.

    Raises
    ------
    UsageError
        If it reads for a question, and there is none.
    """
    policy = find_policy(settings.policy or (BLIND if question is None else ASKING))
    if policy.watch == "question" and question is None:
        raise UsageError(
            f"--policy {policy.name} reads for a question; without one use --policy {BLIND}"
        )
    return policy


def as_cached(policy: Policy) -> Policy:
    """A policy on keys before RoPE, on keys as they are cached."""
    scorer: Any = policy.scorer
    name = f"{policy.name.replace(':prerope=1', '')}:prerope=0"
    changed = replace(policy, name=name, scorer=replace(scorer, prerope=False))
    named = (other for other in POLICIES.values() if replace(other, name=name) == changed)
    return next(named, changed)


def _plugin(name: str) -> Policy:
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
    """Refuse what cannot be a scorer, as one of another package may be."""
    scorer: Any = policy.scorer
    if scorer is None:
        return
    for one in (scorer, scorer.rest) if isinstance(scorer, SharedScorer) else (scorer,):
        if isinstance(one, type) or not callable(one):
            raise ValueError(f"its scorer is {one!r}, which cannot score")
        if getattr(one, "watch", None) not in get_args(Watch):
            raise ValueError(f"'watch' of its scorer is none of {', '.join(get_args(Watch))}")
    if policy.prerope:
        as_cached(policy)  # so it must be possible


def policy_version(policy: Policy) -> str | None:
    """What tells it from policies of the same name that kept other tokens; None if there are none.

    The version of the package that it comes from, or the revision of one of keydiff's own.
    """
    name = policy.name.partition(":")[0]
    if name in POLICIES:
        return _REVISIONS.get(name, _PART_OF_A_VOTE if 0 < policy.vote < 1 else None)
    for point in plugins():
        if point.name == name and point.dist is not None:
            return point.dist.version
    return None


def _changed(policy: Policy, changes: list[str]) -> Policy:
    scorer: Any = policy.scorer
    places: dict[str, Any] = dict.fromkeys(_FIELDS, policy)
    if is_dataclass(scorer):
        places |= dict.fromkeys((field.name for field in fields(scorer)), scorer)
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
    own = {name: value for name, value in values.items() if name in _FIELDS}
    others = {name: value for name, value in values.items() if name not in own}
    return replace(policy, scorer=replace(scorer, **others) if others else scorer, **own)

"""Policies of other packages, found by their entry point."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.policies import POLICIES, as_cached, find_policy, policy_version
from keydiff_cli.scores import Focus

CODE = """
from dataclasses import dataclass

import numpy as np

from keydiff_cli.eviction import Policy


@dataclass(frozen=True)
class Even:
    watch = "nothing"

    def __call__(self, rows):
        return (rows.origin % 2 == 0).astype(np.float32)


even = Policy("even", Even())
broken = 3
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package as pip would install it: a module, and a folder that says what it offers."""
    (tmp_path / "even_scorer.py").write_text(CODE)
    info = tmp_path / "even_scorer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: even-scorer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[keydiff.policies]\neven = even_scorer:even\n"
        "broken = even_scorer:broken\nabsent = even_scorer:absent\n"
    )
    return tmp_path


def test_ours_are_found() -> None:
    assert all(find_policy(name) == policy for name, policy in POLICIES.items())
    with pytest.raises(UsageError, match="no policy 'even'"):
        find_policy("even")


def test_fields_are_set() -> None:
    policy = find_policy("focus:share=0.25:recent=0.1:vote=0.5")
    assert policy.scorer == Focus(share=0.25)
    assert (policy.recent, policy.vote) == (0.1, 0.5)
    assert policy.name == "focus:share=0.25:recent=0.1:vote=0.5"
    assert find_policy("window:sinks=0").sinks == 0
    assert find_policy("keydiff-token:pyramid=0.2:vote=0").pyramid == 0.2


def test_a_policy_that_keeps_other_tokens_than_before_says_so() -> None:
    versions = [policy_version(find_policy(name)) for name in ("keydiff", "keydiff-token", "focus")]
    assert versions[:2] == [None, None]
    assert versions[2] is not None
    assert policy_version(find_policy("keydiff:vote=0.5")) is not None


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("keydiff-prerope", "keydiff"),
        ("keydiff:prerope=1", "keydiff"),
        ("focus", "focus:prerope=0"),
        ("focus-token", "focus-token:prerope=0"),
        ("focus:share=0.5:prerope=1", "focus:share=0.5:prerope=0"),
    ],
)
def test_a_policy_leaves_rope_in(spec: str, name: str) -> None:
    policy = find_policy(spec)
    assert policy.prerope
    found = as_cached(policy)
    assert found == find_policy(name)
    assert not found.prerope


@pytest.mark.parametrize("budget", [1, 2, 100, 257])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 1.0])
def test_a_pyramid_of_one_layer_keeps_the_mean(budget: int, share: float) -> None:
    policy = find_policy(f"keydiff:pyramid={share}")
    assert policy.budgets(policy.largest(budget), 1) == [budget]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("focus:size=3", "no field 'size'; there are vote, sinks, recent, pyramid, share, width"),
        ("focus:share", "'' is no value for 'share'"),
        ("focus:share=much", "'much' is no value"),
        ("focus:share=-1", "share must be from 0 to 1"),
        ("focus:share=2", "share must be from 0 to 1"),
        ("focus:width=0", "width must be from 1"),
        ("focus:vote=-1", "vote must be from 0 to 1"),
        ("snapkv:last=0", "last must be from 1"),
        ("nested:window=0", "window must be from 1"),
        ("window:sinks=-1", "sinks must not be negative"),
        ("focus:share=nan", "share must be"),
        ("full:recent=0.5", "has no fields"),
        ("focus:width=9:width=7", "given twice"),
        ("keydiff:recent=2", "must be from 0 to 1"),
        ("keydiff-token:pyramid=0.5", "cannot vote"),
    ],
)
def test_wrong_fields(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_policy(spec)


def test_a_package_adds_a_policy(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(package))
    policy = find_policy("even")
    assert (policy.name, policy.watch) == ("even", "nothing")
    with pytest.raises(UsageError, match="is no keydiff policy"):
        find_policy("broken")
    with pytest.raises(UsageError, match="fails"):
        find_policy("absent")


@pytest.mark.model
def test_the_command_takes_it(package: Path, small_path: Path, tmp_path: Path) -> None:
    document = tmp_path / "text.txt"
    document.write_text("The cat of the harbour master is black. Its name is Pepper.\n" * 20)
    command = [sys.executable, "-m", "keydiff_cli", "ask", "--budget", "64", "--block", "32"]
    command += ["-m", str(small_path), "--max-tokens", "2", "--policy", "even", str(document), "?"]
    found = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": found}
    )
    assert done.returncode == 0, done.stderr
    assert "even with a budget of 64" in done.stderr

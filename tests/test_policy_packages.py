"""Policies of other installed packages: how they are found, and which are refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import run

from keydiff_cli.errors import UsageError
from keydiff_cli.policies import find_policy, policy_version
from keydiff_cli.settings.resolving import resolve

CODE = """
from dataclasses import dataclass

import numpy as np

from keydiff_cli.eviction import Policy


@dataclass(frozen=True)
class Even:
    watch = "nothing"

    def __call__(self, rows):
        return (rows.origin % 2 == 0).astype(np.float32)


@dataclass(frozen=True)
class Picky(Even):
    size: int = 3

    def __post_init__(self):
        if self.size != 3:
            raise TypeError("three is the size")


class Unwatched:
    def __call__(self, rows):
        return None


class Shared(Even):
    rest = 3

    def settle(self, *given):
        return given[0]


class Turned(Even):
    prerope = True


def plain(rows):
    return None


even = Policy("even", Even())
broken = 3
picky = Policy("picky", Picky())
unwatched = Policy("unwatched", Unwatched())
function = Policy("function", plain)
number = Policy("number", 3)
kind = Policy("kind", Even)
everywhere = Policy("everywhere", type("Everywhere", (Even,), {"watch": "everything"})())
shared = Policy("shared", Shared())
turned = Policy("turned", Turned())
"""
OFFERED = [
    "even",
    "broken",
    "absent",
    "picky",
    "unwatched",
    "function",
    "number",
    "kind",
    "everywhere",
    "shared",
    "turned",
]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package as pip would install it: a module, and a folder that says what it offers."""
    (tmp_path / "even_scorer.py").write_text(CODE)
    info = tmp_path / "even_scorer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: even-scorer\nVersion: 1.0\n")
    points = [f"{name} = even_scorer:{name}" for name in OFFERED]
    points += ["quits = quits:policy", "crooked = even scorer"]
    (info / "entry_points.txt").write_text("\n".join(["[keydiff.policies]", *points, ""]))
    (tmp_path / "quits.py").write_text("import sys\n\nsys.exit(0)\n")
    return tmp_path


def test_a_package_adds_a_policy(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(package))
    policy = find_policy("even")
    assert (policy.name, policy.watch) == ("even", "nothing")
    assert policy_version(policy) == "1.0"
    with pytest.raises(UsageError, match=r"there are full, focus, .*, pyramid, absent, broken, "):
        find_policy("odd")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("broken", "the policy 'broken' (even_scorer:broken) is no keydiff policy"),
        ("absent", "the policy 'absent' (even_scorer:absent) fails: AttributeError: "),
        ("quits", "the policy 'quits' (quits:policy) fails: SystemExit: 0"),
        ("crooked", "the policy 'crooked' (even scorer) fails: "),
        ("picky:size=4", "policy=picky:size=4: TypeError: three is the size"),
        ("unwatched", "'watch' of its scorer is none of nothing, question, block, stream"),
        ("function", "'watch' of its scorer is none of"),
        ("everywhere", "'watch' of its scorer is none of"),
        ("number", "its scorer is 3, which cannot score"),
        ("kind", "its scorer is <class 'even_scorer.Even'>, which cannot score"),
        ("shared", "its scorer is 3, which cannot score"),
        ("turned", "policy=turned: TypeError: "),
    ],
)
def test_a_policy_that_cannot_work_is_refused(
    spec: str, message: str, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(package))
    for name in ("even_scorer", "quits"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(UsageError) as error:
        find_policy(spec)
    assert message in str(error.value)


def test_a_policy_that_ends_the_process_is_said_to_fail(package: Path, tmp_path: Path) -> None:
    paths = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
    done = run("bench", "needle", "--policy", "quits", cwd=tmp_path, PYTHONPATH=paths)
    assert (done.status, done.out) == (2, "")
    assert done.errors == ["keydiff: error: the policy 'quits' (quits:policy) fails: SystemExit: 0"]


@pytest.mark.parametrize("content", [b"[a]\nb\n", b"[a]\nb = \xff\n"])
def test_entry_points_that_cannot_be_read_are_named(
    content: bytes, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = package / "crooked-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crooked\nVersion: 1.0\n")
    (info / "entry_points.txt").write_bytes(content)
    monkeypatch.syspath_prepend(str(package))
    assert find_policy("focus").name == "focus"
    for look in (lambda: find_policy("even"), lambda: resolve({"policy": "even"}, {})):
        with pytest.raises(UsageError, match=r"entry_points\.txt of the package 'crooked' cannot"):
            look()


@pytest.mark.model
def test_the_command_takes_a_policy_of_a_package(
    package: Path, small_path: Path, tmp_path: Path
) -> None:
    document = tmp_path / "text.txt"
    document.write_text("The cat of the harbour master is black. Its name is Pepper.\n" * 20)
    command = [sys.executable, "-m", "keydiff_cli", "ask", "--budget", "64", "--block", "32"]
    command += ["-m", str(small_path), "--max-tokens", "2", "--policy", "even", str(document), "?"]
    paths = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    assert done.returncode == 0, done.stderr
    assert "even with a budget of 64" in done.stderr

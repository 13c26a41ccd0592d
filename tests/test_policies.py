"""The table of policies, and what is made of a specification."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from keydiff_cli import scores
from keydiff_cli.errors import UsageError
from keydiff_cli.policies import (
    POLICIES,
    POLICY_NAMES,
    TABLE,
    Line,
    as_cached,
    choose_policy,
    find_policy,
    policy_version,
)
from keydiff_cli.render.flags import as_flag
from keydiff_cli.scores.focus import Focus

ROOT = Path(__file__).parents[1]


def test_the_names_users_choose_from_are_those_of_the_table() -> None:
    assert tuple(POLICIES) == POLICY_NAMES == tuple(TABLE)
    assert len(POLICIES) == len(TABLE)


def test_policies_are_what_they_are_named_for() -> None:
    assert [name for name, policy in POLICIES.items() if policy.name != name] == []
    assert [name for name, policy in POLICIES.items() if policy.scorer is None] == ["full"]
    assert [name for name, policy in POLICIES.items() if policy.vote == 1] == [
        "focus-token",
        "keydiff-token",
    ]
    assert POLICIES["window"].sinks == 4


def test_a_scorer_is_added_by_a_file_and_a_line() -> None:
    """Every file in ``scores/`` is reached from the table, and every policy is described."""
    files = {path.stem for path in (ROOT / "keydiff_cli" / "scores").glob("*.py")}
    named = {line.scorer.partition(".")[0] for line in TABLE.values() if line.scorer}
    assert named == files - {"__init__", "base", "lift", "rotation"}
    described = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", described, re.MULTILINE)
    assert set(TABLE) <= set(rows)


def test_a_line_is_all_that_a_new_scorer_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the table it can be found, and its fields set."""
    (tmp_path / "oldest.py").write_text(
        "from dataclasses import dataclass\n\n\n@dataclass(frozen=True)\nclass Oldest:\n"
        "    step: int = 1\n    watch = 'nothing'\n\n    def __call__(self, rows):\n"
        "        return -(rows.origin // self.step)\n"
    )
    monkeypatch.setattr(scores, "__path__", [*scores.__path__, str(tmp_path)])
    monkeypatch.setitem(TABLE, "oldest", Line("oldest.Oldest", {"sinks": 2, "step": 3}))
    policy = find_policy("oldest:recent=0.5")
    assert (policy.sinks, policy.recent, policy.watch) == (2, 0.5, "nothing")
    assert policy.scorer.step == 3  # type: ignore[union-attr]
    assert find_policy("oldest:step=5").scorer.step == 5  # type: ignore[union-attr]
    assert policy_version(policy) is None


def test_names_are_known_without_a_heavy_import() -> None:
    """``keydiff --help`` imports no NumPy, and no scorer."""
    code = (
        "import sys\n"
        "from keydiff_cli.settings import resolving\n"
        "resolving.resolve({'policy': 'focus:width=9'}, {})\n"
        "assert 'keydiff_cli.policies' in sys.modules\n"
        "print([name for name in sys.modules if name in ('numpy', 'keydiff_cli.scores')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


@pytest.mark.parametrize(
    ("wanted", "question", "name"),
    [
        (None, None, "keydiff-prerope"),
        (None, "Why?", "keydiff-prerope"),
        ("focus", "Why?", "focus"),
        ("window", None, "window"),
        ("keydiff:recent=0.5", "Why?", "keydiff:recent=0.5"),
    ],
)
def test_a_policy_is_the_one_that_is_wanted_or_the_default_one(
    wanted: str | None, question: str | None, name: str
) -> None:
    assert choose_policy(wanted, question).name == name


def test_a_policy_that_reads_for_a_question_needs_one() -> None:
    with pytest.raises(UsageError) as error:
        choose_policy("focus", None)
    message = "{} focus reads for a question; without one use {} keydiff-prerope"
    assert error.value.told(as_flag) == message.format("--policy", "--policy")


def test_policies_of_the_table_are_found() -> None:
    assert {name: find_policy(name) for name in POLICIES} == POLICIES
    with pytest.raises(UsageError, match=r"no policy 'even'; there are full, focus, .*, pyramid$"):
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
    cached = as_cached(policy)
    assert cached == find_policy(name)
    assert not cached.prerope


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

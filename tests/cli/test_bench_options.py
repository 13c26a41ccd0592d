"""The options of the benchmarks: what they say, and what is refused before anything is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_helpers import prose
from cli_helpers import run

from keydiff_cli.bench import benchmark
from keydiff_cli.cli import app
from keydiff_cli.cli.bench_options import BenchOptions, parse_depths, parse_lengths, parse_names
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings

__all__ = ["prose"]  # a fixture


def test_names_are_separated_by_commas() -> None:
    assert parse_names("full, focus,full ,keydiff") == ["full", "focus", "keydiff"]
    assert parse_names("") == [""]


def test_lengths_rise() -> None:
    assert parse_lengths("4096, 256,1048576,256") == [256, 4096, 1_048_576]
    for text in ("255", "1048577", "", "256,", "-256", "2.5e3", "\u00b2\u00b2\u00b2\u00b2"):
        with pytest.raises(UsageError, match="is no list of whole numbers from 256 to 1048576"):
            parse_lengths(text)


def test_depths_rise() -> None:
    assert parse_depths("1, 0.5,0,0.33333,0.33334") == [0.0, 0.3333, 0.5, 1.0]
    for text in ("-0.01", "1.01", "half", "", "nan"):
        with pytest.raises(UsageError, match="is no list of numbers from 0 to 1"):
            parse_depths(text)


def test_each_policy_is_measured_at_each_budget(tmp_path: Path) -> None:
    options = BenchOptions(
        policies="full,focus,keydiff", budgets="128, 1/4", out=tmp_path / "new" / "bench.jsonl"
    )
    measured = [(contender.policy, contender.budget) for contender in options.contenders()]
    assert [policy for policy, _ in measured] == ["full"] + ["focus"] * 2 + ["keydiff"] * 2
    assert measured[1][1] == measured[3][1] != measured[2][1] == measured[4][1]
    assert list((tmp_path / "new").iterdir()) == []  # the folder of the records is there


def test_a_benchmark_has_answers_of_its_own_length(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = {"needle": 32, "ruler": 128, "longbench": 128, "speed": 64}
    for name, length in lengths.items():
        assert BenchOptions().settings(name).max_tokens == length
    assert BenchOptions(max_tokens=7).settings("needle").max_tokens == 7
    monkeypatch.setenv("KEYDIFF_MAX_TOKENS", "9")
    monkeypatch.setenv("KEYDIFF_SEED", "5")
    assert BenchOptions().settings("needle").max_tokens == 9
    assert BenchOptions().settings("longbench").seed == 5
    assert BenchOptions(seed=0).settings("needle").seed == 0


def test_the_longest_answer_is_a_setting(
    prose: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    came: list[int] = []

    def run(bench: object, settings: Settings, *_: object) -> None:
        came.append(settings.max_tokens)
        raise UsageError("enough is known")

    monkeypatch.setattr(benchmark, "run", run)

    def limit(*more: str) -> int:
        with pytest.raises(SystemExit):
            app(["bench", "needle", "--text", str(prose), "--offline", *more])
        return came.pop()

    assert limit() == 32
    monkeypatch.setenv("KEYDIFF_MAX_TOKENS", "3")
    assert limit() == 3
    assert limit("--max-tokens", "2") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("needle", "--policy", "keydif"), "there is no policy 'keydif'"),
        (("needle", "--policy", "focus:size=2"), "no field 'size'"),
        (("needle", "--budget", "half"), "--budget: 'half' is no number of tokens and no part"),
        (("needle", "--policy", "focus:share=0.1:share=0.9"), "'share' is given twice"),
        (("needle", "--policy", "full:recent=0.5"), "it keeps everything, and has no fields"),
        (("needle", "--budget", "1.0e-99999999"), "--budget: '1.0e-99999999' is no number"),
        (("needle", "--length", "9" * 5000), "is no list of whole numbers"),
        (("needle", "--policy", "full", "--budget", "nan"), "--budget: 'nan' is no number"),
        (("needle", "--text", "nowhere", "--policy", "no"), "there is no policy 'no'"),
        (("needle", "--budget", "1/0"), "--budget: '1/0' is no number"),
        (("needle", "--length", "4k"), "--length: '4k' is no list of whole numbers from 256"),
        (("needle", "--length", "inf"), "--length: 'inf' is no list of whole numbers"),
        (("needle", "--length", "1024,5"), "--length: '1024,5' is no list of whole numbers"),
        (("needle", "--depth", "0,2"), "--depth: '0,2' is no list of numbers from 0 to 1"),
        (("needle", "--samples", "9" * 30), "'--samples': Input should be less than or equal to"),
        (("speed", "--repeat", "9" * 30), "'--repeat': Input should be less than or equal to"),
        (("needle", "--depth", "nan"), "--depth: 'nan' is no list of numbers from 0 to 1"),
        (("needle", "--text", "nowhere"), "there is no folder nowhere"),
        (("needle", "--plot", "map.jpg"), "must end in .png or .svg"),
        (("ruler", "--task", "vt, qa"), "--task: 'qa' is not one of niah_single"),
        (("needle", "--policy", "full, keydif"), "there is no policy 'keydif'"),
        (("longbench", "--data", "x", "--dataset", "nq"), "--dataset: 'nq' is not one of"),
        (("longbench", "--data", "nowhere", "--dataset", "trec"), "cannot be read"),
        (("speed", "--policy", ""), "there is no policy ''"),
        (("ruler", "--policy", "h2o", "--once"), "--once: h2o looks at all blocks while it reads"),
        (("ruler", "--policy", "h2o:recent=0.1", "--once"), "--once: h2o:recent=0.1 looks at all"),
        (("needle", "--text", "prose/a.txt"), "a.txt is a file; name the folder"),
        (("ruler", "--out", "."), "--out: . is a folder; name a file"),
        (("ruler", "--out", "prose/a.txt/b.jsonl"), "--out: prose/a.txt/b.jsonl cannot be written"),
        (("ruler", "--out", "taken.jsonl"), "the summary goes to taken.summary.json, which is"),
        (("ruler", "--read-for", " "), "--read-for: no question; write one, or leave"),
        (("needle", "--out", "a.png", "--plot", "./a.png"), "--plot: the results are kept in a.p"),
    ],
)
def test_what_is_wrong_is_said_first(
    arguments: tuple[str, ...], message: str, prose: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken.summary.json").mkdir()
    text = () if "--text" in arguments or arguments[0] == "longbench" else ("--text", prose)
    given = (*arguments, *text, "--offline", "-m", "absent.gguf")
    done = run("bench", *given, cwd=tmp_path, models=tmp_path)
    assert done.status == (
        3 if any(part in message for part in ("nowhere", "be read", "is a file")) else 2
    )
    assert len(done.errors) == 1
    assert message in done.errors[0]
    assert done.out == ""
    assert not list(tmp_path.glob("*.jsonl"))

"""What ``keydiff bench speed`` makes of the reports of its runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bench_helpers import PROSE

from keydiff_cli.bench import speed
from keydiff_cli.bench.bench_events import BenchEvents, too_long
from keydiff_cli.bench.contenders import parse_contenders
from keydiff_cli.bench.records import Records, latest
from keydiff_cli.errors import ExitStatus, KeydiffError, ModelError
from keydiff_cli.settings.config import Settings

ASK = partial(speed._ask, [], {})
TIMES = {"ingest": 4.0, "score": 0.1, "evict": 0.02, "first_token": 0.5, "answer": 2.5}
REPORT = {
    "tokens": {"document": 100, "generated": 5},
    "timing_s": TIMES,
    "memory_bytes": {"peak": 1000},
}


def test_figures_of_a_report() -> None:
    assert speed._figures(REPORT) == {
        "document_tokens": 100,
        "ingest_s": 4.0,
        "ingest_tokens_per_s": 25.0,
        "score_share": 0.025,
        "evict_share": 0.005,
        "first_token_s": 0.5,
        "decode_tokens_per_s": 2.0,  # the first of five tokens is there when decoding begins
        "peak_bytes": 1000,
    }
    at_once = {**REPORT, "timing_s": {**TIMES, "answer": 0.5}}
    assert speed._figures(at_once)["decode_tokens_per_s"] is None


def turn(number: int, policy: str, seconds: float, **more: Any) -> dict[str, Any]:
    budget = None if policy == "full" else 64
    record = {"id": f"speed-256-{number}", "policy": policy, "budget": budget, "length": 256}
    return {**record, "policy_version": None, "ingest_s": seconds, **more}


def test_the_ratio_is_the_median_of_single_turns() -> None:
    """The ratios are 4 / 8, 9 / 10 and 6 / 2, while the medians of the times are 5 and 8."""
    records = [
        turn(i, "full", seconds, peak_bytes=1, note="x")
        for i, seconds in enumerate((8.0, 10.0, 2.0))
    ]
    records += [
        turn(i, "focus", seconds, decode_tokens_per_s=rate)
        for i, (seconds, rate) in enumerate(((4.0, None), (9.0, 3.0), (6.0, 1.0), (1.0, None)))
    ]
    full, focus = speed.summarise(records)
    assert {name: value for name, value in full.items() if value is not None} == {
        "length": 256, "policy": "full", "turns": 3, "ratio": 1.0, "ingest_s": 8.0, "peak_bytes": 1,
    }  # fmt: skip
    assert focus["turns"] == 4
    assert focus["ratio"] == 0.9  # the fourth has no turn to compare with
    assert focus["ingest_s"] == 5.0
    assert focus["decode_tokens_per_s"] == 2.0  # of those that are known
    (alone,) = speed.summarise([turn(0, "focus", 4.0, decode_tokens_per_s=None)])
    assert (alone["ratio"], alone["decode_tokens_per_s"]) == (None, None)


class Ask:
    """Stands for ``keydiff ask``: remembers what was run."""

    def __init__(self, *, taken: str | None = None, status: int = 0) -> None:
        self.commands: list[tuple[str, str | None]] = []
        self.taken = taken
        self.status = status

    def __call__(self, command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        policy = command[command.index("--policy") + 1]
        budget = command[command.index("--budget") + 1] if "--budget" in command else None
        self.commands.append((policy, budget))
        report = json.dumps({**REPORT, "cache": {"policy": self.taken or policy}})
        said = "keydiff: warning: slow\nkeydiff: error: no room\n" if self.status else ""
        return subprocess.CompletedProcess(list(command), self.status, report, said)


def measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> list[dict[str, Any]]:
    monkeypatch.setattr(subprocess, "run", ask)
    model = tmp_path / "model.gguf"
    model.write_bytes(b"")
    contenders = parse_contenders(["full", "focus"], ["1/4"])
    with closing(Records(tmp_path / "speed.jsonl", {"bench": "speed"})) as records:
        speed.measure("Words.", 256, contenders, 2, model, ASK, records, BenchEvents())
        return records.all


def test_turns_of_an_older_version_of_a_policy_are_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Ask()
    before = measure(tmp_path, monkeypatch, first)
    assert first.commands == [("full", None), ("focus", "64")] * 2
    assert before[1]["policy_version"] is not None
    assert [record["id"] for record in before] == [f"speed-256-{turn}" for turn in (0, 0, 1, 1)]
    again = Ask()
    assert measure(tmp_path, monkeypatch, again) == before
    assert again.commands == []
    newer = {"full": None, "focus": "newer"}
    monkeypatch.setattr(speed, "policy_version", lambda policy: newer[policy.name])
    third = Ask()
    records = measure(tmp_path, monkeypatch, third)
    assert third.commands == [("focus", "64")] * 2
    current, outdated = latest(records)
    assert [record["policy_version"] for record in current] == [None, None, "newer", "newer"]
    assert outdated == 0
    assert [row["turns"] for row in speed.summarise(current)] == [2, 2]


@pytest.mark.skipif(os.name != "posix", reason="Windows ends a process without asking")
def test_a_signal_ends_the_run_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[Path] = []

    def ended(command: Sequence[str], **_: object) -> None:
        texts.append(Path(command[-2]))
        assert texts[0].is_file()
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(subprocess, "run", ended)
    model = tmp_path / "model.gguf"
    model.write_bytes(b"")
    contenders = parse_contenders(["full"], ["1/4"])
    with (
        closing(Records(tmp_path / "speed.jsonl", {"bench": "speed"})) as records,
        pytest.raises(SystemExit) as end,
    ):
        speed.measure("Words.", 256, contenders, 1, model, ASK, records, BenchEvents())
    assert end.value.code == 128 + signal.SIGTERM
    assert not texts[0].exists()


def test_a_run_that_fails_or_reads_otherwise_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeydiffError, match=r"^speed-256-0 full failed: no room$") as error:
        measure(tmp_path, monkeypatch, Ask(status=5))
    assert error.value.status == ExitStatus.MEMORY
    with pytest.raises(ModelError, match="full was read by window; use policy=window"):
        measure(tmp_path, monkeypatch, Ask(taken="window"))


def test_only_reading_and_the_cache_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYDIFF_SECOND_LOOK", "9")
    monkeypatch.setenv("KEYDIFF_RECALL", "9")
    environment = speed._environment(Settings(positions="ranked", compact_at=0.5))
    assert (environment["KEYDIFF_ARCHIVE"], environment["KEYDIFF_SECOND_LOOK"]) == ("off", "0")
    assert "KEYDIFF_RECALL" not in environment
    said = {name: environment[f"KEYDIFF_{name.upper()}"] for name in ("positions", "compact_at")}
    assert said == {"positions": "ranked", "compact_at": "0.5"}, "as the records say"


class Heard(BenchEvents):
    """What was warned of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, text: str) -> None:
        self.warnings.append(text)


@pytest.mark.parametrize(
    ("policy", "positions", "length", "warned"),
    [
        ("keydiff", "capped", 9000, False),
        ("keydiff", "counted", 9000, True),
        ("full", "capped", 9000, True),
        ("full", "counted", 8000, False),
    ],
)
def test_a_long_text_is_warned_of_where_positions_count_on(
    policy: str,
    positions: str,
    length: int,
    warned: bool,
    tiny_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a model that was made for 8,192 tokens."""
    monkeypatch.setattr(speed, "measure", lambda *_: None)
    settings, heard = Settings(model=str(tiny_path), positions=positions, threads=1), Heard()
    places = {"repeat": 1, "seed": 0, "out": tmp_path / "speed.jsonl", "events": heard}
    contenders = parse_contenders([policy], ["64"])
    speed.run(PROSE, settings, contenders, length=length, **places)  # type: ignore[arg-type]
    assert heard.warnings == [too_long(length, 8192)] * warned

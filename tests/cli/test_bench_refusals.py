"""``keydiff bench``: what cannot work is refused before anything is fetched or run."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_helpers import prose
from cli_helpers import run

__all__ = ["prose"]  # a fixture


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

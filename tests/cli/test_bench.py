"""``keydiff bench`` as a user runs it, with the small model."""

from __future__ import annotations

import json
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import SMALL, Result
from cli_helpers import run as keydiff

from keydiff_cli.bench.benchmark import show
from keydiff_cli.bench.contenders import Contender
from keydiff_cli.bench.events import BenchEvents
from keydiff_cli.bench.records import Records
from keydiff_cli.bench.runner import Options, Runner
from keydiff_cli.bench.samples import Question, Text
from keydiff_cli.errors import UsageError
from keydiff_cli.llama import Model

PROSE = "\n".join(
    f"Sentence number {n} speaks of the weather on the quay that day." for n in range(400)
)
TIMINGS = ("read_s", "answer_s")
COMMON = ("--quiet", "--offline", "-m", SMALL, "--threads", "2", "--block", "64")


@pytest.fixture
def prose(tmp_path: Path) -> Path:
    folder = tmp_path / "prose"
    folder.mkdir()
    (folder / "a.txt").write_text(PROSE)
    return folder


def bench(name: str, *arguments: object, cwd: Path, models: Path) -> Result:
    return keydiff("bench", name, *arguments, cwd=cwd, models=models)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def without_timings(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in record.items() if k not in TIMINGS} for record in records]


NEEDLE = (
    "--policy", "full,keydiff,focus", "--budget", "1/2", "--length", "384", "--depth", "0.3,0.8",
    "--max-tokens", "6", *COMMON,
)  # fmt: skip


@pytest.mark.model
def test_a_run_is_reproducible_and_goes_on_where_it_stopped(
    small_path: Path, prose: Path, tmp_path: Path
) -> None:
    models = small_path.parent

    def run(out: str, *more: str) -> Result:
        return bench(
            "needle", "--text", prose, "--out", out, *NEEDLE, *more, cwd=tmp_path, models=models
        )

    first = run("a.jsonl", "--json")
    assert first.status == 0, first.err
    summary = json.loads(first.out)
    records = lines(tmp_path / "a.jsonl")
    assert len(records) == 1 + 3 * 2
    assert records[0]["sha256"] == summary["header"]["sha256"]
    assert {record["budget"] for record in records[1:]} == {None, 192}
    assert [row["policy"] for row in summary["results"]] == ["full", "keydiff", "focus"]
    for row in summary["results"]:
        assert row["samples"] == 2
        assert 0 <= row["low"] <= row["rate"] <= row["high"] <= 1
        assert (row["difference"] is None) == (row["policy"] == "full")
        assert row["interval"] is None  # from one text
    assert len(summary["grid"]) == 6
    assert summary["machine"]["cores"] >= 1
    assert json.loads((tmp_path / "a.summary.json").read_text(encoding="utf-8")) == summary

    # Stopped after four samples and in the middle of a line, it ends with the same records.
    whole = (tmp_path / "a.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "b.jsonl").write_bytes(b"".join(whole[:5]) + whole[5][:20])
    second = run("b.jsonl", "--plot", "map.png")
    assert second.status == 0, second.err
    assert without_timings(lines(tmp_path / "b.jsonl")) == without_timings(records)
    again = json.loads((tmp_path / "b.summary.json").read_text(encoding="utf-8"))
    assert again == summary
    assert "keydiff 192" in second.out
    assert "against full" in second.out
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")

    other = run("b.jsonl", "--seed", "1")
    assert other.status == 2
    assert other.errors == [
        "keydiff: error: b.jsonl was begun with another --seed; name another file"
    ]


@pytest.mark.model
def test_read_for_another_question(small_path: Path, prose: Path, tmp_path: Path) -> None:
    arguments = ("--task", "niah_multikey", "--samples", "1", "--length", "512", "--text", prose)
    arguments += ("--policy", "focus,focus:share=0", "--budget", "128", "--max-tokens", "4")
    arguments += ("--read-for", "Summarise the text.", "--plot", "rates.svg", *COMMON)
    done = bench("ruler", *arguments, cwd=tmp_path, models=small_path.parent)
    assert done.status == 0, done.err
    header, *records = lines(tmp_path / "ruler.jsonl")
    assert header["read_for"] == "Summarise the text."
    assert [record["policy"] for record in records] == ["focus"] * 4 + ["focus:share=0"] * 4
    assert {record["kept"] for record in records} == {128}
    assert "<svg" in (tmp_path / "rates.svg").read_text(encoding="utf-8")


@pytest.mark.model
def test_evicting_once(small_path: Path, prose: Path, tmp_path: Path) -> None:
    arguments = ("--task", "niah_multikey", "--samples", "1", "--length", "512", "--text", prose)
    arguments += ("--policy", "full,focus,snapkv,keydiff,pyramid", "--budget", "1/4,1/1", "--once")
    arguments += ("--max-tokens", "6", "--out", "once.jsonl", *COMMON)
    done = bench("ruler", *arguments, cwd=tmp_path, models=small_path.parent)
    assert done.status == 0, done.err
    header, *records = lines(tmp_path / "once.jsonl")
    assert header["once"] is True
    full = {record["id"]: record for record in records if record["policy"] == "full"}
    assert len(records) == 4 + 4 * 2 * 4
    for record in records:
        assert record["read_s"] == full[record["id"]]["read_s"]  # the text was read once
        if record["budget"] == 512 and record["policy"] != "pyramid":
            assert record["answer"] == full[record["id"]]["answer"]
        if record["budget"] == 128:
            assert record["kept"] == (192 if record["policy"] == "pyramid" else 128)


class Warned(BenchEvents):
    def __init__(self) -> None:
        self.said: list[str] = []
        self.progress: list[tuple[int, int]] = []

    def warning(self, text: str) -> None:
        self.said.append(text)

    def finished_sample(self, name: str, done: int, total: int) -> None:
        self.progress.append((done, total))


@pytest.mark.model
def test_texts_longer_than_the_model_was_made_for(
    small_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_model, "longest_text", lambda cells: 64)
    texts = [
        Text(f"{i}", "vt", length, " ".join(["word"] * length), (Question(f"{i}", "?", ("x",)),))
        for i, length in enumerate((8, 100, 100, 120))
    ]
    events = Warned()
    with closing(Records(tmp_path / "vt.jsonl", {"bench": "vt"})) as records:
        options = Options(block=64, threads=1, kv_type="f16", max_tokens=1)
        runner = Runner(small_model, options, lambda *_: 1.0, records, events)
        runner.run(texts, [Contender("window", 16)])
        assert len(records.all) == 4
    assert [
        said.partition(" are longer than the 64 that the model was made for; ")[0]
        for said in events.said
    ] == ["texts of 100 tokens", "texts of 120 tokens"]


@pytest.mark.model
def test_progress_ends_at_its_total_when_a_budget_is_given_twice(
    small_model: Model, tmp_path: Path
) -> None:
    text = Text("a", "vt", 64, " ".join(["word"] * 64), (Question("a", "?", ("x",)),))
    events = Warned()
    with closing(Records(tmp_path / "vt.jsonl", {"bench": "vt"})) as records:
        options = Options(block=64, threads=1, kv_type="f16", max_tokens=1)
        runner = Runner(small_model, options, lambda *_: 1.0, records, events)
        contenders = [("window", Fraction(1, 4)), ("full", None), ("window", 16)]
        runner.run([text], [Contender(*one) for one in contenders])
        assert [one["part"] for one in records.all if one["policy"] == "window"] == ["1/4"]
    assert events.progress == [(1, 2), (2, 2)]


@pytest.mark.model
def test_the_longest_answer_is_a_setting(small_path: Path, prose: Path, tmp_path: Path) -> None:
    arguments = ("--text", prose, "--policy", "full", "--length", "256", "--depth", "0", *COMMON)

    def limit(*more: str, **variables: str) -> object:
        out = tmp_path / "out.jsonl"
        out.unlink(missing_ok=True)
        done = keydiff(
            "bench", "needle", *arguments, "--out", out, *more,
            cwd=tmp_path, models=small_path.parent, **variables,
        )  # fmt: skip
        assert done.status == 0, done.err
        return lines(out)[0]["max_tokens"]

    assert limit() == 32
    assert limit(KEYDIFF_MAX_TOKENS="3") == 3
    assert limit("--max-tokens", "2", KEYDIFF_MAX_TOKENS="3") == 2


@pytest.mark.model
def test_longbench(small_path: Path, tmp_path: Path) -> None:
    data = Path(__file__).parents[1] / "longbench"
    arguments = ("--data", data, "--dataset", "qasper,trec,passage_retrieval_en,trec")
    arguments += ("--policy", "full,keydiff", "--budget", "96", "--max-tokens", "8", *COMMON)
    done = bench("longbench", *arguments, "--json", cwd=tmp_path, models=small_path.parent)
    assert done.status == 0, done.err
    rows = json.loads(done.out)["results"]
    assert [(row["task"], row["policy"]) for row in rows[::2]] == [
        ("qasper", "full"), ("trec", "full"), ("passage_retrieval_en", "full"),
    ]  # fmt: skip


@pytest.mark.model
def test_speed(small_path: Path, prose: Path, tmp_path: Path) -> None:
    arguments = ("--length", "512", "--budget", "256", "--repeat", "2", "--text", prose)
    arguments += ("--policy", "full,keydiff", "--max-tokens", "8", *COMMON)
    done = bench("speed", *arguments, "--json", cwd=tmp_path, models=small_path.parent)
    assert done.status == 0, done.err
    header, *records = lines(tmp_path / "speed.jsonl")
    turns = [(record["id"], record["policy"], record["budget"]) for record in records]
    assert turns == [
        (f"speed-512-{turn}", policy, budget)
        for turn in (0, 1)
        for policy, budget in (("full", None), ("keydiff", 256))
    ]
    full, mine = json.loads(done.out)["results"]
    assert full["ratio"] == 1
    assert full["score_share"] == full["evict_share"] == 0
    assert 0 < mine["score_share"] < 1
    assert mine["ratio"] > 0
    assert min(full["peak_bytes"], mine["peak_bytes"]) > 90 * 10**6
    shown = bench("speed", *arguments, cwd=tmp_path, models=small_path.parent)
    assert "time to full" in shown.out
    assert shown.out.splitlines()[-1].startswith(f"{SMALL}: blocks of 64 tokens, 2 threads")
    assert lines(tmp_path / "speed.jsonl") == [header, *records]  # nothing was run again


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
    done = bench(*arguments, *text, "--offline", "-m", "absent.gguf", cwd=tmp_path, models=tmp_path)
    assert done.status == (
        3 if any(part in message for part in ("nowhere", "be read", "is a file")) else 2
    )
    assert len(done.errors) == 1
    assert message in done.errors[0]
    assert done.out == ""
    assert not list(tmp_path.glob("*.jsonl"))


def test_a_picture_does_not_replace_what_it_shows(tmp_path: Path) -> None:
    records = written(tmp_path / "vt.png", {"full": [1, 0]})
    before = records.read_bytes()
    link = tmp_path / "link.png"
    link.symlink_to(records)
    for name in (records, link):
        done = keydiff("bench", "show", records, "--plot", name, cwd=tmp_path)
        assert (done.status, done.out) == (2, "")
        assert done.errors == [
            f"keydiff: error: --plot: the results are kept in {name}; name another file"
        ]
    summary = tmp_path / "summary.png"
    summary.symlink_to(tmp_path / "a.summary.json")
    options = ("--out", "a.jsonl", "--plot", "summary.png", "-m", "absent.gguf")
    done = bench("needle", *options, cwd=tmp_path, models=tmp_path)
    assert done.status == 2
    assert "the results are kept in summary.png" in done.err
    assert records.read_bytes() == before


def test_the_table_is_there_when_the_picture_fails(tmp_path: Path) -> None:
    records = written(tmp_path / "vt.jsonl", {"full": [1, 0]})
    name = "x" * 249 + ".png"  # the name of the file that it is written to first is too long
    done = keydiff("bench", "show", records, "--plot", name, cwd=tmp_path)
    assert done.status == 1
    assert len(done.errors) == 1
    assert "vt    512     full" in done.out
    assert sorted(tmp_path.iterdir()) == [records]


def written(
    path: Path,
    scores: dict[str, list[float]],
    seed: int = 0,
    version: str | None = None,
    **options: Any,
) -> Path:
    """Records of a task with two questions a text, ``full`` and ``keydiff`` at 128 tokens."""
    task = path.stem.partition("-")[0]
    header = {"bench": "ruler", "seed": seed, "sha256": "a", "block": 64, **options}
    rows = [json.dumps(header)]
    for policy, given in scores.items():
        for number, score in enumerate(given):
            text = f"{task}-512-{number // 2}"
            record = {
                "id": f"{text}-{number % 2}",
                "text": text,
                "task": task,
                "length": 512,
                "depth": None,
                "policy": policy,
                "budget": None if policy == "full" else 128,
                "score": score,
                "stop_reason": "eos",
                "policy_version": None if policy == "full" else version,
            }
            rows.append(json.dumps(record))
    path.write_text("\n".join(rows) + "\n")
    return path


def test_files_are_shown_together(tmp_path: Path) -> None:
    one = written(tmp_path / "vt.jsonl", {"full": [1, 1, 1, 1], "keydiff": [1, 0, 0, 0]})
    two = written(tmp_path / "cwe.jsonl", {"full": [1, 0], "keydiff": [0, 0]})
    again = written(tmp_path / "cwe-1.jsonl", {"full": [1, 1], "keydiff": [1, 1]}, seed=1)
    done = keydiff("bench", "show", one, two, again, two, "--json", cwd=tmp_path)
    assert done.errors == []
    shown = json.loads(done.out)
    assert [header["seed"] for header in shown["headers"]] == [0, 0, 1, 0]
    rows = {(row["task"], row["policy"]): row for row in shown["results"]}
    assert {key: (row["samples"], row["rate"]) for key, row in rows.items()} == {
        ("vt", "full"): (4, 1.0),
        ("vt", "keydiff"): (4, 0.25),
        ("cwe", "full"): (4, 0.75),
        ("cwe", "keydiff"): (4, 0.5),
        ("all", "full"): (8, 0.875),
        ("all", "keydiff"): (8, 0.375),
    }
    assert rows["all", "keydiff"]["difference"] == -0.5
    # Samples of the same names in other texts are other samples.
    (tmp_path / "more").mkdir()
    elsewhere = written(tmp_path / "more" / "vt.jsonl", {"full": [0, 0, 0, 0]}, text="b")
    done = keydiff("bench", "show", one, elsewhere, "--json", cwd=tmp_path)
    assert [row["samples"] for row in json.loads(done.out)["results"]] == [8, 4]
    table = keydiff("bench", "show", one, cwd=tmp_path)
    assert "vt    512     keydiff  128     4        25 %" in table.out
    assert "all" not in table.out  # one task is all there is


def test_answers_of_another_version_of_a_policy_do_not_count(tmp_path: Path) -> None:
    """Nor do they where the newer version has answered some of the questions only."""
    path = written(tmp_path / "vt.jsonl", {"full": [1, 1], "keydiff": [0, 0]}, version="1")
    newer = written(tmp_path / "new.jsonl", {"keydiff": [1]}, version="2")
    begun = newer.read_text().splitlines()[1].replace("new-", "vt-").replace('"new"', '"vt"')
    with path.open("a") as file:
        file.write(begun.replace('"depth": null', '"depth": 0.5') + "\n")
    done = keydiff("bench", "show", path, "--json", cwd=tmp_path)
    shown = json.loads(done.out)
    assert [(row["policy"], row["samples"], row["rate"]) for row in shown["results"]] == [
        ("full", 2, 1.0), ("keydiff", 1, 1.0),
    ]  # fmt: skip
    assert [row["samples"] for row in shown["grid"]] == [1]
    assert shown["outdated"] == 1
    assert len(done.warnings) == 1
    assert "1 answers of an older version of a policy do not count" in done.warnings[0]


def test_what_cannot_be_shown_together_is_refused(tmp_path: Path) -> None:
    one = written(tmp_path / "vt.jsonl", {"full": [1]})
    other = written(tmp_path / "cwe.jsonl", {"full": [1]}, block=128)
    for number, (options, said) in enumerate(
        [
            ({"sha256": "b"}, "model"),
            ({"keydiff": "0"}, "version of keydiff"),
            ({"llama_cpp_python": "0"}, "version of llama-cpp-python"),
            ({"read_for": "Why?"}, "--read-for"),
            ({"once": True}, "--once"),
            ({"kv_type": "q8_0"}, "--kv-type"),
        ]
    ):
        under = written(tmp_path / f"{number}.jsonl", {"full": [1]}, **options)
        with pytest.raises(UsageError, match=f"measured with another {said} than .*show it alone"):
            show([one, under])
    (tmp_path / "more").mkdir()
    longer = written(tmp_path / "more" / "vt.jsonl", {"full": [1]}, max_tokens=9)
    begun = written(tmp_path / "begun.jsonl", {})
    older = written(tmp_path / "fwe.jsonl", {"keydiff": [1]}, version="1")
    newer = written(tmp_path / "niah.jsonl", {"keydiff": [1]}, version="2")
    odd = written(tmp_path / "odd.jsonl", {"full": [1]})
    odd.write_text(odd.read_text().replace('"budget": null', '"budget": null, "part": [1]'))
    deep = written(tmp_path / "deep.jsonl", {"full": [1]})
    deep.write_text(deep.read_text().replace('512, "depth": null', 'null, "depth": 0.5'))
    times = tmp_path / "speed.jsonl"
    times.write_text(json.dumps({"bench": "speed"}) + "\n")
    prose = tmp_path / "prose.txt"
    prose.write_text("No records.\n")
    for files, message in [
        ((one, other), f"{other} was measured with another --block than {one}; show it alone"),
        ((begun, "--plot", "x.png"), f"{begun}: no answers yet"),
        ((times,), f"{times} holds times, not answers"),
        ((prose,), f"{prose} is no file of records"),
        ((older, newer), f"{newer} was measured with another version of keydiff than the files"),
        ((odd,), f"{odd}, line 2, is no record of it"),
        ((deep,), f"{deep}, line 2, is no record of it"),
        ((one, longer), f"{longer} has the same samples as another file, with another --max-tok"),
        ((tmp_path / "none.jsonl",), "none.jsonl cannot be read: "),
        ((one, "--plot", "x.bmp"), "x.bmp"),
    ]:
        done = keydiff("bench", "show", *files, cwd=tmp_path)
        assert (done.status, done.out) == (2, "")
        assert len(done.errors) == 1
        assert message in done.errors[0]

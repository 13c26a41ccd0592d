"""``keydiff bench show``: the results of files of records, without running anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import run as keydiff

from keydiff_cli.bench.benchmark import show
from keydiff_cli.errors import UsageError


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
    tracing = written(tmp_path / "vt.jsonl", {"full": [1, 1, 1, 1], "keydiff": [1, 0, 0, 0]})
    counting = written(tmp_path / "cwe.jsonl", {"full": [1, 0], "keydiff": [0, 0]})
    reseeded = written(tmp_path / "cwe-1.jsonl", {"full": [1, 1], "keydiff": [1, 1]}, seed=1)
    done = keydiff("bench", "show", tracing, counting, reseeded, counting, "--json", cwd=tmp_path)
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
    done = keydiff("bench", "show", tracing, elsewhere, "--json", cwd=tmp_path)
    assert [row["samples"] for row in json.loads(done.out)["results"]] == [8, 4]
    table = keydiff("bench", "show", tracing, cwd=tmp_path)
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
    usual = written(tmp_path / "vt.jsonl", {"full": [1]})
    blocks = written(tmp_path / "cwe.jsonl", {"full": [1]}, block=128)
    for number, (options, said) in enumerate(
        [
            ({"sha256": "b"}, "model"),
            ({"keydiff": "0"}, "version of keydiff"),
            ({"llama_cpp_python": "0"}, "version of llama-cpp-python"),
            ({"read_for": "Why?"}, "read_for"),
            ({"once": True}, "once"),
            ({"kv_type": "q8_0"}, "kv_type"),
        ]
    ):
        differing = written(tmp_path / f"{number}.jsonl", {"full": [1]}, **options)
        with pytest.raises(UsageError, match=f"measured with another {said} than .*show it alone"):
            show([usual, differing])
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
        (
            (usual, blocks),
            f"{blocks} was measured with another --block than {usual}; show it alone",
        ),
        ((begun, "--plot", "x.png"), f"{begun}: no answers yet"),
        ((times,), f"{times} holds times, not answers"),
        ((prose,), f"{prose} is no file of records"),
        ((older, newer), f"{newer} was measured with another version of keydiff than the files"),
        ((odd,), f"{odd}, line 2, is no record of it"),
        ((deep,), f"{deep}, line 2, is no record of it"),
        ((usual, longer), f"{longer} has the same samples as another file, with another --max-tok"),
        ((tmp_path / "none.jsonl",), "none.jsonl cannot be read: "),
        ((usual, "--plot", "x.bmp"), "x.bmp"),
    ]:
        done = keydiff("bench", "show", *files, cwd=tmp_path)
        assert (done.status, done.out) == (2, "")
        assert len(done.errors) == 1
        assert message in done.errors[0]


def test_the_table_is_there_when_the_picture_fails(tmp_path: Path) -> None:
    records = written(tmp_path / "vt.jsonl", {"full": [1, 0]})
    name = "x" * 249 + ".png"  # the name of the file that it is written to first is too long
    done = keydiff("bench", "show", records, "--plot", name, cwd=tmp_path)
    assert done.status == 1
    assert len(done.errors) == 1
    assert "vt    512     full" in done.out
    assert sorted(tmp_path.iterdir()) == [records]


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
    done = keydiff("bench", "needle", *options, cwd=tmp_path, models=tmp_path)
    assert done.status == 2
    assert "the results are kept in summary.png" in done.err
    assert records.read_bytes() == before

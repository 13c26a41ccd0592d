"""Records: a run stops anywhere and goes on, and nothing of a file is lost."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from pathlib import Path

import pytest
from bench_helpers import asked, measured, opened, record

from keydiff_cli.bench.records import Records, read_records
from keydiff_cli.errors import UsageError
from keydiff_cli.system.files import whole_file


def test_records_go_on_where_they_stopped(tmp_path: Path) -> None:
    path = tmp_path / "results" / "needle.jsonl"
    with closing(Records(path, {"bench": "needle", "seed": 0})) as records:
        records.add(record("a", "full", 1.0))
        records.add(record("a", "keydiff", 0.0) | {"policy_version": "2"})
    with path.open("a") as file:
        file.write('{"id": "b", "pol')  # killed while it wrote
    with closing(Records(path, {"bench": "needle", "seed": 0})) as again:
        assert again.all == records.all
        assert again.has(("a", "full", None), None)
        assert again.has(("a", "keydiff", 64), "2")
        assert not again.has(("a", "keydiff", 64), "3")
        assert not again.has(("b", "full", None), None)
        again.add(record("b", "full", 1.0))
    assert len(opened(path, seed=0)) == 3
    with pytest.raises(UsageError, match="begun with another seed; name another file"):
        opened(path, seed=1)
    with pytest.raises(UsageError, match="another version of keydiff, seed; name another"):
        opened(path, seed=1, keydiff="0")
    path.write_bytes(path.read_bytes()[:-1])  # killed before it ended the line
    assert len(opened(path, seed=0)) == 3
    assert path.read_bytes().endswith(b"}\n")
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("cut", [0, 1, 5, 12, 20, -1, None])
def test_a_file_without_records_is_begun_anew(cut: int | None, tmp_path: Path) -> None:
    """A run that failed before its first answer does not stand in the way of the right one."""
    path = tmp_path / "needle.jsonl"
    opened(path, seed=1)
    header = path.read_bytes()
    path.write_bytes(header[:cut])
    assert opened(path, seed=2) == []
    assert path.read_bytes() == header.replace(b"1", b"2")
    path.write_bytes(header + b'{"id": "a", "po')  # nor its first answer, cut short
    assert opened(path, seed=2) == []
    assert path.read_bytes() == header.replace(b"1", b"2")


def test_one_run_at_a_time_writes_a_file(tmp_path: Path) -> None:
    path, link = tmp_path / "needle.jsonl", tmp_path / "link.jsonl"
    with closing(Records(path, {"bench": "needle"})) as records:
        records.add(record("a", "full", 1.0))
        link.symlink_to(path)
        for name in (path, link):
            with pytest.raises(UsageError, match=r"another keydiff is writing .*; wait for it"):
                opened(name)
        assert len(read_records(path)[1]) == 1
    assert len(opened(path)) == 1


def test_what_nobody_cut_short_is_not_dropped(tmp_path: Path) -> None:
    path = tmp_path / "needle.jsonl"
    with closing(Records(path, {"bench": "needle"})) as records:
        records.add(record("a", "full", 1.0))
    for tail in (b"notes of mine", b"\0\0\0", b"{'id'", b"[", b"5"):
        data = path.read_bytes() + tail
        other = tmp_path / "other.jsonl"
        other.write_bytes(data)
        with pytest.raises(UsageError, match="line 3, is no record of it; remove that line"):
            opened(other)
        assert other.read_bytes() == data


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_file_of_records(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    for use in (opened, read_records):
        with pytest.raises(UsageError, match="is no ordinary file"):
            use(path)


def test_a_file_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written: "):
        opened(tmp_path / "file" / "needle.jsonl")
    with pytest.raises(UsageError, match="cannot be written: "):
        opened(tmp_path / ("x" * 300))


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of files")
def test_a_full_disk_is_said_of_the_file(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "needle.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(Records(path, {"bench": "needle"})) as records:
        records.add(record("a", "full", 1.0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, before[1]))
        try:
            with pytest.raises(OSError, match=r"needle\.jsonl"):
                records.add(record("b", "full", 1.0))
            with (
                pytest.raises(OSError, match=r"picture\.svg"),
                whole_file(tmp_path / "picture.svg") as file,
            ):
                file.write(bytes(10_000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert opened(path)[0]["id"] == "a"
    assert not list(tmp_path.glob("*picture*"))


@pytest.mark.parametrize(
    "changes",
    [
        {"score": 5}, {"score": -0.1}, {"score": float("nan")}, {"score": "1"}, {"score": None},
        {"policy": ["full"]}, {"budget": "64"}, {"budget": True}, {"length": 1.5}, {"task": 1},
        {"depth": "deep"}, {"id": None}, {"depth": 10**400}, {"depth": -1}, {"part": "x"},
        {"part": "1/0"}, {"part": ""}, {"budget": 10**300}, {"length": -(2**63)}, {"budget": 0},
        {"length": 0}, {"policy": "keydiff"}, {"policy": "focus:share=0.5"},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_record_is_named(changes: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "needle.jsonl"
    good = record("a", "full", 1.0)
    lines = [{"bench": "needle"}, good, good | changes, good]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(UsageError, match="line 3, is no record"):
        read_records(path)
    del good["score"]
    for line in (json.dumps(good), "[" * 100_000, "{", ""):
        path.write_text(json.dumps({"bench": "needle"}) + "\n" + line + "\n")
        with pytest.raises(UsageError, match="line 2, is no record"):
            read_records(path)


@pytest.mark.parametrize("policy", ["full", "everything", "everything:of=it"])
def test_what_keeps_everything_has_no_budget(policy: str, tmp_path: Path) -> None:
    """A policy of another package may do so under any name."""
    path = tmp_path / "needle.jsonl"
    kept = record("a", "full", 1.0) | {"policy": policy}
    path.write_text("".join(json.dumps(line) + "\n" for line in ({"bench": "needle"}, kept)))
    assert read_records(path)[1] == [kept]


@pytest.mark.parametrize(
    "changes",
    [
        {"ingest_s": 0}, {"ingest_s": float("inf")}, {"score_share": None}, {"peak_bytes": "1"},
        {"decode_tokens_per_s": 10**400}, {"first_token_s": float("nan")},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_record_of_times_is_named(changes: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "speed.jsonl"
    good: dict[str, object] = {
        "id": "speed-256-0", "policy": "full", "budget": None, "length": 256,
        "document_tokens": 250, "ingest_s": 2.5, "ingest_tokens_per_s": 100.0, "score_share": 0.0,
        "evict_share": 0.0, "first_token_s": 0.1, "decode_tokens_per_s": None, "peak_bytes": 10**9,
    }  # fmt: skip
    lines = [{"bench": "speed"}, good, good | changes]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(UsageError, match="line 3, is no record"):
        read_records(path)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines[:2]))
    assert read_records(path)[1] == [good]


@pytest.mark.parametrize("content", ["notes", "notes\nmore notes", "[1]\n", "{}\n", "\x00\n"])
def test_a_file_of_something_else_is_left_alone(content: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(content)
    with pytest.raises(UsageError, match="is no file of records"):
        opened(path)
    assert path.read_text() == content


def test_what_was_said_does_not_end_a_line(tmp_path: Path) -> None:
    path = tmp_path / "needle.jsonl"
    said = record("a", "full", 1.0) | {"answer": "one\u2028two\x85\ud800"}
    with closing(Records(path, {"bench": "needle"})) as records:
        records.add(said)
    assert opened(path) == [said]


def test_questions_about_documents_differ_by_their_evidence(tmp_path: Path) -> None:
    path = tmp_path / "qa.jsonl"
    with closing(Records(path, {"bench": "qa"})) as records:
        records.add(asked("a", "keydiff", True, score=None))
        records.add(asked("a", "keydiff", True, evidence="recall 9"))
    with closing(Records(path, {"bench": "qa"})) as again:
        assert again.has(("a", "keydiff", 64, "nothing"), None)
        assert again.has(("a", "keydiff", 64, "recall 9"), None)
        assert not again.has(("a", "keydiff", 64, "recall 8"), None)


@pytest.mark.parametrize(
    "changes",
    [
        {"evidence": 1},
        {"references": [5]},
        {"references": []},
        {"references": ["5", "6"]},
        {"score": 2},
        {"answer": None},
    ],
    ids=str,
)
def test_a_line_that_is_no_record_of_questions_is_named(
    changes: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "qa.jsonl"
    lines = [{"bench": "qa"}, asked("a", "full", True), asked("b", "full", True) | changes]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(UsageError, match="line 3, is no record of it"):
        read_records(path)


def test_measures_are_counts_rates_and_parts(tmp_path: Path) -> None:
    path = tmp_path / "summary.jsonl"
    for name in ("summary", "each"):
        good = measured("a", "full", words=300, overlap=0.25, figures=[9, 10], none=[0, 0])
        for references in ([], ["One.", "Two."]):
            said = good | {"references": references}
            path.write_text(f'{{"bench": "{name}"}}\n{json.dumps(said)}\n')
            assert read_records(path)[1] == [said]


@pytest.mark.parametrize(
    "measures",
    [
        None, [], {"a": 1.5}, {"a": -1}, {"a": "1"}, {"a": [1]}, {"a": [2, 1]}, {"a": [0.5, 1]},
        {"a": [-1, 1]}, {"a": True}, {"a": None}, {"a": 2**63}, {"a": float("nan")},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_measure_is_named(measures: object, tmp_path: Path) -> None:
    path = tmp_path / "summary.jsonl"
    bad = measured("a", "full") | {"measures": measures}
    path.write_text('{"bench": "summary"}\n' + json.dumps(bad) + "\n")
    with pytest.raises(UsageError, match="line 2, is no record of it"):
        read_records(path)

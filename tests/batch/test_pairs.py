"""Documents and questions: which are asked, in which order rows come, and what fails."""

from __future__ import annotations

import io
import json
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keydiff_cli.batch.messages import Far, Job, Message, Outcome, Over, Stop, Told
from keydiff_cli.batch.pairs import Counts, Pairs
from keydiff_cli.batch.progress import BatchEvents
from keydiff_cli.batch.tables import Answers, Data
from keydiff_cli.errors import ModelError, UsageError, setting
from keydiff_cli.rows import Rows
from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Schema

SCHEMA = Schema.of({"properties": {"name": {"type": "string"}}, "required": ["name"]})
SETTINGS = Settings()


class FakeEngine:
    """The text of a document is the answer; all jobs are done at once, the last one first."""

    def __init__(self, *, backwards: bool = False) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.data: list[bytes | None] = []
        self._backwards = backwards

    def messages(self, jobs: Iterator[Job]) -> Generator[Message, None, None]:
        for job in reversed(list(jobs)) if self._backwards else jobs:
            text = Path(job.path).read_text()
            self.data.append(job.data)
            yield Far(job.number, 0.5)
            if text == "warn":
                yield Told(job.number, "warning", (f"raise {setting('max_tokens')}",))
            for question in job.questions:
                self.asked.append((Path(job.path).name, question))
                if text == "ctrl-c":
                    raise KeyboardInterrupt
                if text == "model":
                    yield Stop("no model")
                error = "the answer was cut off" if text == "cut" else None
                yield Outcome(job.number, question, error, text, {"name": text})
            yield Over(job.number)


class Screen(BatchEvents):
    """Keeps what is shown."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.shown: list[tuple[str, float, int]] = []

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def working(self, what: str, done: float, total: int) -> None:
        self.shown.append((what, done, total))


def paths(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [str(folder / name) for name in texts]


def run(
    files: list[str],
    out: Path,
    engine: FakeEngine,
    *questions: str,
    table: Any = None,
    settings: Settings = SETTINGS,
    screen: Screen | None = None,
    **more: bool,
) -> Counts:
    table = table or Data(SCHEMA)
    pairs = Pairs(settings, files, questions or ("?",), table, **more)
    with Rows(out, table.columns, table.key, io.StringIO()) as rows:
        return pairs.ask(engine, rows, screen or Screen())


def read(out: Path) -> dict[str, Any]:
    rows = map(json.loads, out.read_text().splitlines())
    return {Path(row["document"]).name: row.get("name") or row["error"] for row in rows}


def pairs_of(out: Path) -> list[tuple[str, str]]:
    rows = map(json.loads, out.read_text().splitlines())
    return [(Path(row["document"]).name, row["question"]) for row in rows]


def test_one_that_fails_has_its_error_and_is_tried_again(tmp_path: Path) -> None:
    files, out = paths(tmp_path, a="A", b="cut", c="C"), tmp_path / "rows.jsonl"
    files.insert(1, str(tmp_path / "missing"))
    engine, screen = FakeEngine(), Screen()
    assert run([*files, files[0]], out, engine, screen=screen) == Counts(new=2, failed=2)
    missing = f"{tmp_path / 'missing'} cannot be read: No such file or directory"
    assert read(out) == {"a": "A", "missing": missing, "b": "the answer was cut off", "c": "C"}
    assert screen.warnings == [missing, f"{files[2]}: the answer was cut off"]
    assert [name for name, _ in engine.asked] == ["a", "b", "c"]
    paths(tmp_path, b="B")
    engine = FakeEngine()
    assert run(files, out, engine) == Counts(new=1, known=2, failed=1)
    assert engine.asked == [("b", "?")]
    assert read(out)["b"] == "B"


def test_what_has_changed_is_asked_again(tmp_path: Path) -> None:
    files, out, engine = paths(tmp_path, a="A", b="B"), tmp_path / "rows.jsonl", FakeEngine()
    run(files, out, engine)
    paths(tmp_path, b="new")
    assert run(files, out, engine) == Counts(new=1, known=1)
    assert read(out) == {"a": "A", "b": "new"}
    assert run(files, out, engine, "What?").new == 2
    other = Data(Schema.of({**SCHEMA.schema, "title": "x"}))
    assert run(files, out, engine, "What?", table=other).new == 2
    longer = replace(SETTINGS, max_tokens=9)
    assert run(files, out, engine, "What?", table=other, settings=longer).new == 2
    assert len(read(out)) == 2


@pytest.mark.parametrize(("text", "error"), [("ctrl-c", KeyboardInterrupt), ("model", ModelError)])
def test_what_ends_it_leaves_the_rows_so_far(
    text: str, error: type[BaseException], tmp_path: Path
) -> None:
    out, engine = tmp_path / "rows.jsonl", FakeEngine()
    with pytest.raises(error):
        run(paths(tmp_path, a="A", b=text, c="C"), out, engine)
    assert read(out) == {"a": "A"}
    assert [name for name, _ in engine.asked] == ["a", "b"]


def test_what_was_answered_is_written_though_an_earlier_one_ends_it(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(paths(tmp_path, a="ctrl-c", b="B"), out, FakeEngine(backwards=True))
    assert read(out) == {"b": "B"}


@pytest.mark.parametrize("ordered", [True, False])
def test_rows_come_in_order_or_as_they_are_there(ordered: bool, tmp_path: Path) -> None:
    files, out = paths(tmp_path, a="A", b="B", c="C"), tmp_path / "rows.jsonl"
    files.append(str(tmp_path / "missing"))
    engine, table = FakeEngine(backwards=True), Answers(None)
    assert run(files, out, engine, "1?", "2?", table=table, ordered=ordered).new == 6
    names = ["a", "b", "c", "missing"] if ordered else ["missing", "c", "b", "a"]
    assert pairs_of(out) == [(name, question) for name in names for question in ("1?", "2?")]


def test_a_new_question_alone_is_asked(tmp_path: Path) -> None:
    files, out = paths(tmp_path, a="A", b="B"), tmp_path / "rows.jsonl"
    table = Answers(None)
    run(files, out, FakeEngine(), "1?", "1?", table=table)
    engine = FakeEngine()
    assert run(files, out, engine, "1?", "2?", table=table) == Counts(new=2, known=2)
    assert engine.asked == [("a", "2?"), ("b", "2?")]
    assert len(pairs_of(out)) == 4


def test_progress_is_counted_in_bytes(tmp_path: Path) -> None:
    screen = Screen()
    run(paths(tmp_path, a="A" * 30, b="B" * 10), tmp_path / "o", FakeEngine(), screen=screen)
    assert screen.shown == [
        ("0 of 2, a 50%", 15, 40),
        ("1 of 2", 30, 40),
        ("1 of 2, b 50%", 35, 40),
        ("2 of 2", 40, 40),
    ]


def test_documents_are_sent_along_where_that_is_wanted(tmp_path: Path) -> None:
    engine = FakeEngine()
    run(paths(tmp_path, a="A"), tmp_path / "o", engine, send=True)
    assert engine.data == [b"A"]


def test_several_questions_need_a_policy_that_reads_for_none(tmp_path: Path) -> None:
    settings = replace(SETTINGS, policy="focus")
    Pairs(settings, ["a"], ["1?"], Answers(None))
    with pytest.raises(UsageError, match="reads for a question"):
        Pairs(settings, ["a"], ["1?", "2?"], Answers(None))


def test_warnings_name_their_document(tmp_path: Path) -> None:
    [path], screen = paths(tmp_path, a="warn"), Screen()
    run([path], tmp_path / "o", FakeEngine(), screen=screen)
    assert screen.warnings == [f"{path}: raise max_tokens"]

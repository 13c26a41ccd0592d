"""A report as plain data, and a front end that shows nothing."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest
from report_helpers import CACHE, MODEL

from keydiff_cli.documents import Heading, LeftOut
from keydiff_cli.errors import setting
from keydiff_cli.report import (
    CheckedFacts,
    Events,
    MemoryUse,
    Progress,
    RecallCounts,
    Report,
    Timing,
    TokenCounts,
)
from keydiff_cli.text.coverage import Coverage, CoveredPart
from keydiff_cli.text.places import Citation, Look, Note, Place, PlacedSentence
from keydiff_cli.text.records import DocumentRecord

RECORD = DocumentRecord(
    "a.pdf", "pdf", 2, 0, [0, 9], 80, 20, "ab", "page", ["i"],
    [Heading("Quays", 1, 2, None)], [LeftOut(1, "annotations", 3)], [2],
)  # fmt: skip
WHOLE = Report(
    answer="Two boats.",
    stop_reason="eos",
    certainty=0.123456,
    model=MODEL,
    documents=(RECORD,),
    cache=CACHE,
    tokens=TokenCounts(document=20, reused=8, prompt=30, kept=15, generated=3),
    recall=RecallCounts(384, 0.123456),
    second_look=(
        Look("a.pdf", 2, (1, 9), 100, "words"),
        Look("b.txt", None, (7, 7), 90, "both"),
    ),
    quick=True,
    notes=(
        Note("a.pdf", (1, 2), (1, 9), "Nine quays.", ("Ten quays.",)),
        Note("b.txt", None, (7, 7), "", ()),
    ),
    sentences=(PlacedSentence("Nine quays.", (Place("a.pdf", (1, 2), (1, 9)),)),),
    checked=CheckedFacts(2, 1, ("Ten quays.",)),
    citations=(
        Citation(0, 11, "a.pdf", 2, "ii", (1, 9), "Nine quays.", 0.75, False, ("Nine",)),
        Citation(0, 11, "b.txt", None, "", (7, 7), "Nine.", 0.25, None),
    ),
    uncovered=(Place("b.txt", None, (7, 7)),),
    coverage=(
        Coverage(
            20,
            0.25,
            0.5,
            3,
            4,
            "a.pdf",
            "page",
            (CoveredPart(9, 0.2, 0.4, 0, 4, "i", (1, 1), None),),
            (CoveredPart(20, 0.25, 0.5, 3, 4, "Quays", (1, 2), (1, 9)),),
        ),
    ),
    timing_s=Timing(1.5, 2.25, 1.5, 1.75, 0.125, 0.0625, 4.0, 0.5, 9.123456),
    memory_bytes=MemoryUse(5000, 4000, 3000),
    warnings=("page 2 has no text",),
)


def test_a_report_of_nothing_has_all_its_parts() -> None:
    data = Report().as_json()
    assert list(data) == [
        "answer",
        "data",
        "thinking",
        "stop_reason",
        "certainty",
        "model",
        "documents",
        "cache",
        "tokens",
        "timing_s",
        "recall",
        "second_look",
        "quick",
        "notes",
        "sentences",
        "checked",
        "citations",
        "supported",
        "support",
        "uncovered",
        "coverage",
        "memory_bytes",
        "warnings",
    ]
    assert (data["stop_reason"], data["model"], data["cache"]) == ("interrupted", {}, {})
    assert (data["documents"], data["warnings"]) == ([], [])
    assert (data["recall"], data["second_look"]) == ({"tokens": 0, "seconds": 0}, [])
    assert (data["quick"], data["notes"]) == (False, [])
    assert (data["sentences"], data["uncovered"]) == ([], [])
    assert data["coverage"] == []
    assert data["checked"] == {"figures": 0, "found": 0, "left_out": []}
    assert data["memory_bytes"] == {"cap": None, "planned": None, "peak": None}
    assert set(data["tokens"].values()) == set(data["timing_s"].values()) == {0}


def test_a_report_is_plain_data_with_numbers_rounded() -> None:
    data = WHOLE.as_json()
    assert json.loads(json.dumps(data)) == data
    assert (data["answer"], data["stop_reason"]) == ("Two boats.", "eos")
    assert data["certainty"] == 0.1235
    assert data["model"] == vars(MODEL)
    assert data["cache"] == vars(CACHE)
    assert data["documents"] == [
        vars(RECORD)
        | {
            "outline": [{"title": "Quays", "level": 1, "page": 2, "line": None}],
            "left_out": [{"page": 1, "what": "annotations", "count": 3}],
        }
    ]
    assert data["documents"][0]["page_starts"] == [0, 9]
    assert data["tokens"] == vars(WHOLE.tokens)
    assert data["timing_s"] == {
        "load": 1.5, "ingest": 2.25, "score": 1.5, "evict": 1.75, "keep": 0.125,
        "first_token": 0.0625, "answer": 4.0, "notes": 0.5, "total": 9.1235,
    }  # fmt: skip
    assert data["memory_bytes"] == {"cap": 5000, "planned": 4000, "peak": 3000}
    assert data["warnings"] == ["page 2 has no text"]
    assert data["recall"] == {"tokens": 384, "seconds": 0.1235}
    kind = {"page_kind": "page"}
    assert data["second_look"] == [
        {"document": "a.pdf", "page": 2, "lines": [1, 9], "tokens": 100, "by": "words", **kind},
        {"document": "b.txt", "page": None, "lines": [7, 7], "tokens": 90, "by": "both", **kind},
    ]
    assert data["quick"] is True
    assert data["notes"] == [
        {
            "document": "a.pdf", "pages": [1, 2], "lines": [1, 9], "text": "Nine quays.",
            "left_out": ["Ten quays."], **kind,
        },
        {"document": "b.txt", "pages": None, "lines": [7, 7], "text": "", "left_out": [], **kind},
    ]  # fmt: skip
    place = {"document": "a.pdf", "pages": [1, 2], "lines": [1, 9], **kind}
    assert data["sentences"] == [{"text": "Nine quays.", "places": [place]}]
    assert data["citations"][0] == {
        "start": 0,
        "stop": 11,
        "document": "a.pdf",
        "page": 2,
        "label": "ii",
        "lines": [1, 9],
        "text": "Nine quays.",
        "weight": 0.75,
        "checked": False,
        "missing": ["Nine"],
        "page_kind": "page",
    }
    assert [citation["checked"] for citation in data["citations"]] == [False, None]
    assert data["checked"] == {"figures": 2, "found": 1, "left_out": ["Ten quays."]}
    assert data["uncovered"] == [{"document": "b.txt", "pages": None, "lines": [7, 7], **kind}]
    page = {"tokens": 9, "mean": 0.2, "union": 0.4, "recalled": 0, "looked": 4}
    whole = {"tokens": 20, "mean": 0.25, "union": 0.5, "recalled": 3, "looked": 4}
    assert data["coverage"] == [
        whole
        | {
            "document": "a.pdf",
            "page_kind": "page",
            "parts": [page | {"label": "i", "pages": [1, 1], "lines": None}],
            "sections": [whole | {"label": "Quays", "pages": [1, 2], "lines": [1, 9]}],
        }
    ]


def test_what_is_made_of_a_report_does_not_change_it() -> None:
    with pytest.raises(FrozenInstanceError):
        WHOLE.answer = "x"  # type: ignore[misc]
    before = replace(WHOLE).as_json()
    data = WHOLE.as_json()
    data["documents"][0]["page_starts"].append(99)
    data["tokens"]["document"] = 0
    data["warnings"].clear()
    assert WHOLE.as_json() == before


def test_a_front_end_that_wants_nothing_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    events = Events()
    events.note("a note")
    events.warning("a warning")
    events.fetching(1, 2)
    events.started(MODEL, CACHE, MemoryUse())
    events.reading(Progress(20, 12, 1.5, None, 15, 128))
    events.reading_over()
    events.text("It is.")
    assert capfd.readouterr() == ("", "")


def test_a_front_end_names_settings_as_the_library_does_unless_it_knows_better() -> None:
    assert Events().write_setting("kv_type", "f16") == "kv_type=f16"
    assert Events().write_setting("kv_type", None) == "kv_type"
    message = f"give {setting('policy', 'full')}, or leave {setting('kv_type')} out"
    assert Events().named(message) == "give policy=full, or leave kv_type out"

    class Flags(Events):
        def write_setting(self, name: str, value: str | None) -> str:
            return f"-{name} {value}"

    assert Flags().named(message) == "give -policy full, or leave -kv_type None out"

"""Files of records put together: which answers count, and which cannot be compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bench_helpers import asked, measured, record

from keydiff_cli.bench.together import Together
from keydiff_cli.errors import UsageError

HEADER = {
    "bench": "ruler", "seed": 0, "sha256": "a", "block": 64, "kv_type": "f16", "max_tokens": 32,
}  # fmt: skip


def written(path: Path, *records: dict[str, Any], **header: object) -> Path:
    """A file of records, begun with the options above but for these."""
    lines = [HEADER | header, *records]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def together(tmp_path: Path) -> Together:
    """A file of two answers."""
    together = Together()
    first = written(tmp_path / "first.jsonl", record("a", "full", 1.0), record("a", "focus", 0.0))
    together.add(first)
    return together


def scores(together: Together) -> list[tuple[str, object]]:
    return [(kept["policy"], kept["score"]) for kept in together.records.values()]


def test_of_the_same_sample_in_two_files_the_later_answer_counts(
    together: Together, tmp_path: Path
) -> None:
    together.add(written(tmp_path / "b.jsonl", record("a", "focus", 0.5), record("b", "full", 0)))
    assert scores(together) == [("full", 1.0), ("focus", 0.5), ("full", 0)]
    assert together.headers == [HEADER, HEADER]
    assert together.outdated == 0


@pytest.mark.parametrize(
    "header", [{"bench": "needle"}, {"seed": 1}, {"text": "b"}, {"depths": [0.5]}], ids=str
)
def test_samples_of_the_same_names_in_other_texts_are_other_samples(
    together: Together, header: dict[str, object], tmp_path: Path
) -> None:
    """Their answers may be longer, too."""
    path = written(tmp_path / "b.jsonl", record("a", "full", 0.0), **header, max_tokens=64)
    together.add(path)
    assert scores(together) == [("full", 1.0), ("focus", 0.0), ("full", 0.0)]
    assert together.headers[1] == HEADER | header | {"max_tokens": 64}
    texts = {kept["text"] for kept in together.records.values()}
    assert len(texts) == 2  # which intervals count
    assert all(text.endswith("-a") for text in texts)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"sha256": "b"}, "model"),
        ({"keydiff": "0"}, "version of keydiff"),
        ({"llama_cpp_python": "0"}, "version of llama-cpp-python"),
        ({"sha256": "b", "keydiff": "0"}, "version of keydiff, model"),
        ({"block": 128}, "block"),
        ({"kv_type": "q8_0"}, "kv_type"),
        ({"read_for": "Why?"}, ".*"),
        ({"once": True}, ".*"),
    ],
    ids=str,
)
def test_answers_under_other_conditions_are_refused(
    together: Together, header: dict[str, object], said: str, tmp_path: Path
) -> None:
    other = written(tmp_path / "other.jsonl", record("b", "full", 0.0), **header)
    place = rf"other\.jsonl was measured with another {said} than .*first\.jsonl; show it alone"
    with pytest.raises(UsageError, match=place):
        together.add(other)
    assert together.headers == [HEADER]
    assert scores(together) == [("full", 1.0), ("focus", 0.0)]


def test_longer_answers_about_the_same_samples_are_refused(
    together: Together, tmp_path: Path
) -> None:
    longer = written(tmp_path / "longer.jsonl", record("b", "full", 1.0), max_tokens=64)
    with pytest.raises(UsageError, match=r"same samples as another file, with another max_tokens;"):
        together.add(longer)


def test_another_version_of_a_policy_is_refused_unless_a_newer_one_answered_since(
    together: Together, tmp_path: Path
) -> None:
    version = {"policy_version": "2"}
    newer = written(tmp_path / "newer.jsonl", record("b", "focus", 1.0) | version)
    with pytest.raises(UsageError, match="another version of focus than the files before it; run"):
        together.add(newer)
    older = [record(name, "focus", 0.0) | version for name in "bc"]
    path = written(tmp_path / "mended.jsonl", *older, record("b", "focus", 1.0))
    together.add(path)
    assert scores(together) == [("full", 1.0), ("focus", 0.0), ("focus", 1.0)]
    assert together.outdated == 1


def test_times_are_no_answers(tmp_path: Path) -> None:
    times = written(tmp_path / "speed.jsonl", bench="speed")
    with pytest.raises(UsageError, match=r"holds times, not answers; see its \.summary\.json"):
        Together().add(times)


def test_answers_about_documents_are_together_with_their_like_only(
    together: Together, tmp_path: Path
) -> None:
    ways = [asked("a", "focus", True), asked("a", "focus", True, evidence="recall 9")]
    path = written(tmp_path / "qa.jsonl", *ways, bench="qa")
    with pytest.raises(UsageError, match=r"qa\.jsonl has answers of another kind than .*first"):
        together.add(path)
    alone = Together()
    alone.add(path)
    alone.add(written(tmp_path / "more.jsonl", asked("a", "focus", False), bench="qa"))
    assert [(kept["evidence"], kept["score"]) for kept in alone.records.values()] == [
        ("nothing", 0.0), ("recall 9", 1.0),
    ]  # fmt: skip
    summary = written(tmp_path / "summary.jsonl", measured("a", "full", words=9), bench="summary")
    with pytest.raises(UsageError, match=r"summary\.jsonl has answers of another kind than .*qa"):
        alone.add(summary)
    with pytest.raises(UsageError, match="was measured with another system than"):
        alone.add(written(tmp_path / "other.jsonl", ways[0], bench="qa", system="Be brief."))
    with pytest.raises(UsageError, match="was measured with another archive_type than"):
        alone.add(written(tmp_path / "other.jsonl", ways[0], bench="qa", archive_type="q8_0"))

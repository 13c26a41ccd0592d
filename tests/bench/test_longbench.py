"""LongBench: its files, its metrics, and what is wrong with a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keydiff_cli.bench import longbench, metrics
from keydiff_cli.errors import DocumentError


def sample(**changes: object) -> str:
    values = {"_id": "1", "input": "Who?", "context": "Ann did.", "answers": ["Ann"]}
    return json.dumps(values | {"all_classes": None} | changes) + "\n"


def test_longbench(tmp_path: Path) -> None:
    (tmp_path / "qasper.jsonl").write_text(sample() + sample(_id="2", answers=["Bob", "Ann Bell"]))
    (tmp_path / "trec.jsonl").write_text(sample(answers=["Person"], all_classes=["Person", "City"]))
    first, second, third = longbench.load(tmp_path, ["qasper", "trec"], None)
    assert (first.id[:9], first.document, first.length) == ("qasper-1-", "Ann did.", None)
    assert longbench.score(first, first.questions[0], "ann") == 1.0
    assert longbench.score(second, second.questions[0], "Ann") == pytest.approx(2 / 3)
    assert longbench.score(third, third.questions[0], "Person or City\nmore") == 0.5
    assert third.questions[0].classes == ("Person", "City")
    assert longbench.load(tmp_path, ["qasper"], 1) == [first]
    (tmp_path / "qasper.jsonl").write_text(sample(answers=["Al"]))
    assert longbench.load(tmp_path, ["qasper"], 1)[0].id != first.id  # another sample


def test_every_dataset_has_its_metric() -> None:
    """The metrics are those of table 1 of the paper."""
    answer, reference = "The cat 4 sat", "cat 4"
    scores = {
        "F1": metrics.token_f1(answer, reference),  # 2 of 3 words and 2 of 2
        "ROUGE-L": metrics.rouge_l(answer, reference),  # 2 of 4 words and 2 of 2
        "edit": metrics.edit_similarity(answer, reference),  # of characters
        "class": 1.0,
        "number": 1.0,
    }
    assert [round(score, 2) for score in scores.values()] == [0.8, 0.67, 0.56, 1, 1]
    wanted = {
        "narrativeqa": "F1", "qasper": "F1", "multifieldqa_en": "F1", "hotpotqa": "F1",
        "2wikimqa": "F1", "musique": "F1", "triviaqa": "F1", "gov_report": "ROUGE-L",
        "qmsum": "ROUGE-L", "multi_news": "ROUGE-L", "samsum": "ROUGE-L", "lcc": "edit",
        "repobench-p": "edit", "trec": "class", "passage_retrieval_en": "number",
    }  # fmt: skip
    assert {*wanted, "passage_count"} == set(longbench.METRICS)
    for dataset, metric in wanted.items():
        given = longbench.METRICS[dataset](answer, reference, ["cat 4", "dog"])
        assert given == pytest.approx(scores[metric]), dataset
    count, find = longbench.METRICS["passage_count"], longbench.METRICS["passage_retrieval_en"]
    assert count("4 of 5", "4", ()) == 0.5
    assert count("4", "Paragraph 4", ()) == 0.0  # the reference is the number
    assert find("4", "Paragraph 4", ()) == 1.0


def test_longbench_tells_what_to_do(tmp_path: Path) -> None:
    there = sample(input="Ann was there.", answers=["Paragraph 1"])
    (tmp_path / "passage_retrieval_en.jsonl").write_text(there)
    (tmp_path / "gov_report.jsonl").write_text(sample(input="", context="a\u2028b"))
    first, second = longbench.load(tmp_path, ["passage_retrieval_en", "gov_report"], None)
    assert first.questions[0].text.startswith("Ann was there.\nWhich paragraph")
    assert second.questions[0].text == "Summarise the report in one page."
    assert second.document == "a\u2028b"


@pytest.mark.parametrize(
    "line",
    [
        "{", "[]", '{"input": "x"}', '{"_id": 1}', sample(answers=[]), sample(answers="Ann"),
        sample(answers=[1]), sample(context=5), sample(context=" "), sample(input=7),
        sample(input=""), sample(all_classes=[1]), "", sample(answers=[""]),
        "[" * 100_000, sample(answers={"Ann": 1}), sample(answers=None), sample(all_classes="Ann"),
        sample(all_classes={"Ann": 1}), sample(all_classes=[""]), sample(input=None),
    ],
)  # fmt: skip
def test_longbench_says_what_is_wrong(line: str, tmp_path: Path) -> None:
    (tmp_path / "qasper.jsonl").write_text(sample() + line.rstrip() + "\n" + sample())
    with pytest.raises(DocumentError, match="line 2: not a sample"):
        longbench.load(tmp_path, ["qasper"], None)
    with pytest.raises(DocumentError, match="cannot be read"):
        longbench.load(tmp_path, ["lcc"], None)


@pytest.mark.parametrize(
    ("dataset", "line", "said"),
    [
        ("trec", sample(), "'all_classes' is missing"),
        ("trec", sample(all_classes=["City"]), "'answers' has .* none of 'all_classes'"),
        ("passage_count", sample(answers=["three"]), "without the number that is asked for"),
        ("passage_retrieval_en", sample(), "without the number that is asked for"),
        ("qasper", sample(answers=["  "]), "no text, or an empty one"),
    ],
)
def test_nothing_is_asked_that_no_answer_could_get_right(
    dataset: str, line: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / f"{dataset}.jsonl").write_text(line)
    with pytest.raises(DocumentError, match=said):
        longbench.load(tmp_path, [dataset], None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "it is no JSON"),
        ("[]", "it is no JSON object"),
        (sample(context=None), "'context' is no text"),
        (sample(context=" "), "'context' is empty"),
        (sample(input=" "), "'input' is empty"),
        (sample(answers="Ann"), "'answers' is no list of texts"),
        (sample(answers=["Ann", ""]), "'answers' has something in it that is no text, or an empty"),
        (sample(all_classes="Ann"), "'all_classes' is no list of texts"),
    ],
)
def test_longbench_names_the_field(line: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "qasper.jsonl").write_text(line)
    with pytest.raises(DocumentError, match=f"line 1: not a sample of LongBench: {said}"):
        longbench.load(tmp_path, ["qasper"], None)


def test_a_mark_at_the_start_and_blank_lines_at_the_end_are_no_samples(tmp_path: Path) -> None:
    path = tmp_path / "qasper.jsonl"
    path.write_text(sample())
    plain = longbench.load(tmp_path, ["qasper"], None)
    path.write_text(sample() + "\n \n\n", encoding="utf-8-sig")
    assert longbench.load(tmp_path, ["qasper"], None) == plain
    path.write_text("\n")
    with pytest.raises(DocumentError, match="is empty: there are no samples in it"):
        longbench.load(tmp_path, ["qasper"], None)

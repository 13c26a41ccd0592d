"""Rates of the same samples, put together and compared."""

from __future__ import annotations

from bench_helpers import record

from keydiff_cli.bench.summary import pool, rounded, summarise


def test_rates_over_other_samples_are_not_put_together() -> None:
    def answers(policy: str, names: str, task: str, length: int = 256) -> list[dict[str, object]]:
        right = (record(f"{task}-{name}", policy, 1.0) for name in names)
        return [{**answer, "task": task, "length": length} for answer in right]

    records = answers("full", "ab", "vt") + answers("full", "c", "cwe")
    records += answers("keydiff", "ab", "vt") + answers("keydiff", "c", "cwe")
    records += answers("focus", "b", "vt") + answers("focus", "c", "cwe")  # not the first
    records += answers("window", "ab", "vt")  # not the second task
    records += answers("window", "ab", "vt", 512)  # of this length there is no more
    assert [(row["policy"], row["length"], row["samples"]) for row in pool(records)] == [
        ("full", 256, 3), ("keydiff", 256, 3), ("window", 512, 2),
    ]  # fmt: skip
    assert pool(answers("full", "ab", "vt")) == []


def test_a_summary_compares_the_same_samples() -> None:
    records = [record(name, "full", 1.0) for name in "abcd"]
    records += [
        record(name, "keydiff", score) for name, score in zip("abe", (1, 0, 1), strict=True)
    ]
    full, keydiff = summarise(records)
    assert (full["policy"], full["samples"], full["rate"], full["difference"]) == (
        "full", 4, 1.0, None,
    )  # fmt: skip
    assert (keydiff["samples"], keydiff["rate"]) == (3, 2 / 3)
    assert keydiff["low"] < 2 / 3 < keydiff["high"]
    assert keydiff["difference"] == -0.5  # of a and b, which both have


def test_json_has_rounded_rates_of_exact_ones() -> None:
    """Intervals need five texts: of a to f five, and the policy finds two."""
    names = "abcdef"
    records = [record(name, "full", 1.0) for name in names]
    records += [record(name, "keydiff", float(name in "ab")) for name in names]
    exact = {
        "outdated": 0,
        "results": summarise(records),
        "grid": [{"depth": 1 / 3, "rate": 2 / 3}],
    }
    _, row = exact["results"]
    _, shown = rounded(exact)["results"]
    assert shown.keys() == row.keys()
    assert (row["rate"], shown["rate"]) == (1 / 3, 0.3333)
    assert (row["difference"], shown["difference"]) == (-2 / 3, -0.6667)
    for name in ("low", "high"):
        assert shown[name] == round(row[name], 4) != row[name]
    assert shown["interval"][0] == -1
    assert shown["interval"][1] == round(row["interval"][1], 4) != row["interval"][1]
    assert {name: shown[name] for name in ("task", "length", "budget", "samples", "cut")} == {
        "task": "needle", "length": 256, "budget": 64, "samples": 6, "cut": 0,
    }  # fmt: skip
    assert rounded(exact)["results"][0]["interval"] is None
    assert rounded(exact)["grid"] == [{"depth": 1 / 3, "rate": 0.6667}]
    assert rounded(exact)["outdated"] == 0

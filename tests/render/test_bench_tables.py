"""What ``keydiff bench`` shows: tables, heat maps, pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import BinaryIO

import pytest

from keydiff_cli.bench import plots
from keydiff_cli.bench.summary import depth_grid, summarise
from keydiff_cli.errors import UsageError
from keydiff_cli.render.heat_maps import print_heat_maps
from keydiff_cli.render.rows import bench_rows, speed_rows

RECORDS = [
    {
        "id": f"needle-{length}-0-{depth}",
        "text": f"needle-{length}-0",
        "task": "needle",
        "length": length,
        "depth": depth,
        "policy": policy,
        "budget": budget,
        "score": float(policy == "full" or depth > 0.5),
        "stop_reason": "length" if policy == "window" and not depth else "eos",
    }
    for policy, budget in (("full", None), ("window", 512))
    for length in (1024, 4096)
    for depth in (0.0, 0.5, 1.0)
]


def test_heat_maps(capsys: pytest.CaptureFixture[str]) -> None:
    print_heat_maps(depth_grid(RECORDS))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "full",
        "depth   1024   4096",
        "  0 %    100    100",
        " 50 %    100    100",
        "100 %    100    100",
        "",
        "window 512",
        "depth   1024   4096",
        "  0 %      0      0",
        " 50 %      0      0",
        "100 %    100    100",
        "",
    ]


def test_rows() -> None:
    full, _, window, _ = bench_rows(summarise(RECORDS))
    assert full == ("needle", 1024, "full", "-", 3, "100 %", "44-100", "-", "-")
    assert window[:6] == ("needle", 1024, "window", 512, 3, "33 %")
    assert window[7:] == ("-67", 1)
    texts = [{**record, "text": record["id"]} for record in RECORDS]
    texts += [
        {**record, "id": f"again-{record['id']}", "text": f"again-{record['id']}"}
        for record in RECORDS
    ]
    _, _, window, _ = bench_rows(summarise(texts))
    assert window[7] == "-67 (-100 to -13)"


def test_a_rate_is_rounded_once() -> None:
    """Of 22 in 163, which is 13.497 %: 0.1350 would be shown as 14 %."""
    records = [
        {**RECORDS[0], "id": str(number), "text": str(number), "score": float(number < 22)}
        for number in range(163)
    ]
    ((_, _, _, _, samples, rate, *_),) = bench_rows(summarise(records))
    assert (samples, rate) == (163, "13 %")


def test_rows_of_speed() -> None:
    row = {
        "policy": "focus", "budget": 512, "turns": 3, "ingest_tokens_per_s": 50.04, "ratio": None,
        "score_share": 0.0123, "evict_share": 0.004, "first_token_s": 0.5,
        "decode_tokens_per_s": None, "peak_bytes": 1_234_000_000,
    }  # fmt: skip
    assert speed_rows([row]) == [
        ("focus", 512, 3, "50.0", "-", "1.23 %", "0.40 %", "0.50", "-", "1.23 GB")
    ]


@pytest.mark.parametrize("draw", ["heat_map", "rates"])
@pytest.mark.parametrize("name", ["picture.png", "new/picture.svg"])
def test_pictures(draw: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    plots.check_plot(path, [])
    if draw == "heat_map":
        plots.heat_map(depth_grid(RECORDS), path)
    else:
        plots.rates(summarise(RECORDS), path)
    if path.suffix == ".png":
        assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        return
    first = path.read_bytes()
    assert ElementTree.fromstring(first).tag.endswith("svg")
    if draw == "heat_map":
        plots.heat_map(depth_grid(RECORDS), path)
        assert path.read_bytes() == first


@pytest.mark.parametrize("draw", ["heat_map", "rates"])
def test_pictures_show_names_as_they_are(draw: str, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    records = [{**record, "policy": "a$b_{$c\ud800", "task": "$x^"} for record in RECORDS[6:]]
    if draw == "heat_map":
        plots.heat_map(depth_grid(records), path)
    else:
        plots.rates(summarise(records), path)
    assert "<!-- a$b_{$c? -->" in path.read_text(encoding="utf-8")


def test_rates_are_drawn_with_their_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.figure import Figure

    drawn: list[Figure] = []
    monkeypatch.setattr(plots, "_save", lambda figure, path: drawn.append(figure))
    rows = summarise(RECORDS)
    plots.rates(rows, tmp_path / "a.png")
    for panel, row in zip(drawn[0].axes, rows[2:], strict=True):  # of window, a panel a length
        (bar,) = panel.containers
        line, _, (ends,) = bar.lines
        ((_, low), (_, high)) = ends.get_segments()[0]
        assert (low, high) == pytest.approx((row["low"], row["high"]))
        assert line.get_ydata() == pytest.approx([row["rate"]])
        full, middle = panel.patches[0], panel.lines[0]
        assert middle.get_ydata() == [1, 1]
        assert full.get_y() == pytest.approx(rows[0]["low"])


def test_a_policy_that_keeps_everything_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy of another package may do so under any name."""
    from matplotlib.figure import Figure

    drawn: list[Figure] = []
    monkeypatch.setattr(plots, "_save", lambda figure, path: drawn.append(figure))
    foreign = [{**record, "policy": "foreign"} for record in RECORDS[:6]]
    plots.rates(summarise(RECORDS + foreign), tmp_path / "a.png")
    for panel in drawn[0].axes:
        assert [line.get_label() for line in panel.lines[:2]] == ["full", "foreign"]
        assert len(panel.containers) == 1


def test_pictures_need_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r'pip install "keydiff-cli\[bench\]"'):
        plots.check_plot(tmp_path / "a.png", [])


def test_a_picture_that_fails_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.figure import Figure

    path = tmp_path / "map.png"
    plots.rates(summarise(RECORDS), path)
    before = path.read_bytes()

    def fail(self: Figure, file: BinaryIO, **options: object) -> None:
        file.write(b"half of it")
        raise OSError("no space left")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="no space left"):
        plots.rates(summarise(RECORDS), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]

"""Pictures of results: what is refused, what is drawn, and what is left of one that fails."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pytest
from bench_helpers import NEEDLES

from keydiff_cli.bench import plots
from keydiff_cli.bench.summary import depth_grid, summarise
from keydiff_cli.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn, instead of their files."""
    figures: list[Figure] = []
    monkeypatch.setattr(plots, "_save", lambda figure, path: figures.append(figure))
    return figures


# What is refused ------------------------------------------------------------------------------


def test_without_a_picture_there_is_nothing_to_refuse() -> None:
    plots.check_plot(None, [Path("kept.jsonl")])


@pytest.mark.parametrize("name", ["map.jpg", "map", "map.svg.gz"])
def test_a_picture_is_png_or_svg(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"{name} must end in \.png or \.svg"):
        plots.check_plot(tmp_path / name, [])


def test_a_picture_goes_to_a_file_that_can_be_written(tmp_path: Path) -> None:
    plots.check_plot(tmp_path / "new" / "MAP.PNG", [])
    assert list((tmp_path / "new").iterdir()) == []  # the folder is made, and no file
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    for wrong in (tmp_path / "folder.png", tmp_path / "file" / "map.png"):
        with pytest.raises(UsageError, match="cannot be written"):
            plots.check_plot(wrong, [])


def test_a_picture_does_not_replace_what_is_kept(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept.png", tmp_path / "link.png"
    link.symlink_to(kept)
    for path in (kept, link, tmp_path / "missing" / ".." / "kept.png"):
        with pytest.raises(UsageError, match=r"the results are kept in .*; name another file"):
            plots.check_plot(path, [tmp_path / "other.png", kept])
    with pytest.raises(UsageError, match="the results are kept in "):
        plots.check_plot(kept, [link])
    plots.check_plot(tmp_path / "free.png", [kept])


def test_pictures_need_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r'pip install "keydiff-cli\[bench\]"'):
        plots.check_plot(tmp_path / "a.png", [])


# What is drawn --------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", ["heat_map", "rates"])
@pytest.mark.parametrize("name", ["picture.png", "new/picture.svg"])
def test_pictures(draw: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    plots.check_plot(path, [])
    if draw == "heat_map":
        plots.heat_map(depth_grid(NEEDLES), path)
    else:
        plots.rates(summarise(NEEDLES), path)
    if path.suffix == ".png":
        assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        return
    first = path.read_bytes()
    assert ElementTree.fromstring(first).tag.endswith("svg")
    if draw == "heat_map":
        plots.heat_map(depth_grid(NEEDLES), path)
        assert path.read_bytes() == first


@pytest.mark.parametrize("draw", ["heat_map", "rates"])
def test_pictures_show_names_as_they_are(draw: str, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    records = [{**record, "policy": "a$b_{$c\ud800", "task": "$x^"} for record in NEEDLES[6:]]
    if draw == "heat_map":
        plots.heat_map(depth_grid(records), path)
    else:
        plots.rates(summarise(records), path)
    assert "<!-- a$b_{$c? -->" in path.read_text(encoding="utf-8")


def test_rates_are_drawn_with_their_intervals(tmp_path: Path, drawn: list[Figure]) -> None:
    rows = summarise(NEEDLES)
    plots.rates(rows, tmp_path / "a.png")
    assert len(rows) > 2
    for panel, row in zip(drawn[0].axes, rows[2:], strict=True):  # of window, a panel a length
        (bar,) = panel.containers
        line, _, (ends,) = bar.lines
        ((_, low), (_, high)) = ends.get_segments()[0]
        assert (low, high) == pytest.approx((row["low"], row["high"]))
        assert line.get_ydata() == pytest.approx([row["rate"]])
        full, middle = panel.patches[0], panel.lines[0]
        assert middle.get_ydata() == [1, 1]
        assert full.get_y() == pytest.approx(rows[0]["low"])


def test_a_policy_that_keeps_everything_is_a_line(tmp_path: Path, drawn: list[Figure]) -> None:
    """A policy of another package may do so under any name."""
    foreign = [{**record, "policy": "foreign"} for record in NEEDLES[:6]]
    plots.rates(summarise(NEEDLES + foreign), tmp_path / "a.png")
    assert drawn[0].axes
    for panel in drawn[0].axes:
        assert [line.get_label() for line in panel.lines[:2]] == ["full", "foreign"]
        assert len(panel.containers) == 1


def test_a_heat_map_has_a_panel_for_each_policy_and_a_column_for_each_budget_and_length(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    plots.heat_map(depth_grid([*NEEDLES[:6], *NEEDLES[7:]]), tmp_path / "a.png")
    full, window = drawn[0].axes
    assert [panel.get_title() for panel in (full, window)] == ["full", "window"]
    columns = [[label.get_text() for label in panel.get_xticklabels()] for panel in (full, window)]
    assert columns == [["1024\nof 1024", "4096\nof 4096"], ["512\nof 1024", "512\nof 4096"]]
    assert [label.get_text() for label in full.get_yticklabels()] == ["0 %", "50 %", "100 %"]
    rates = window.images[0].get_array()
    assert rates.mask.tolist() == [[True, False], [False, False], [False, False]]  # not measured
    assert rates.filled(-1).tolist() == [[-1, 0], [0, 0], [1, 1]]
    written = {text.get_position(): text.get_text() for text in window.texts}
    assert written == {(0, 1): "0", (0, 2): "100", (1, 0): "0", (1, 1): "0", (1, 2): "100"}


def test_budgets_are_in_order_the_parts_of_a_text_behind_those_in_tokens(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    (row,) = summarise(NEEDLES[6:9])
    rows = [{**row, "budget": budget} for budget in ("1/2", 1024, "1/4", 512)]
    plots.rates(rows, tmp_path / "a.png")
    (panel,) = drawn[0].axes
    labels = [label.get_text() for label in panel.get_xticklabels()]
    assert labels == ["512", "1024", "1/4", "1/2"]
    (bar,) = panel.containers
    assert bar.lines[0].get_xdata() == pytest.approx([3, 1, 2, 0])
    assert panel.get_title() == "needle, 1024 tokens"


def test_a_picture_that_fails_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.figure import Figure

    path = tmp_path / "map.png"
    plots.rates(summarise(NEEDLES), path)
    before = path.read_bytes()

    def fail(self: Figure, file: BinaryIO, **options: object) -> None:
        file.write(b"half of it")
        raise OSError("no space left")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="no space left"):
        plots.rates(summarise(NEEDLES), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]

"""Heat maps on a terminal: the rate of each depth and length, and its colour."""

from __future__ import annotations

import re
from typing import Any

import pytest
from bench_helpers import NEEDLES

from keydiff_cli.bench.summary import depth_grid
from keydiff_cli.render.heat_maps import print_heat_maps


def row(depth: float, length: int, rate: float, policy: str = "window") -> dict[str, Any]:
    return {"policy": policy, "budget": 64, "depth": depth, "length": length, "rate": rate}


def test_heat_maps(capsys: pytest.CaptureFixture[str]) -> None:
    print_heat_maps(depth_grid(NEEDLES))
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


def test_depths_and_lengths_are_in_order_and_what_was_not_measured_is_a_dash(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_heat_maps([row(1.0, 4096, 0.5), row(0.0, 1024, 0.254), row(1.0, 1024, 1.0)])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "window 64",
        "depth   1024  4096",
        "  0 %     25     -",
        "100 %    100    50",
        "",
    ]


def test_a_terminal_shows_none_in_red_and_all_in_green(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"FORCE_COLOR": "1", "COLORTERM": "truecolor", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    print_heat_maps([row(0.0, 256, 0.0), row(0.5, 256, 0.5), row(1.0, 256, 1.0)])
    out = capsys.readouterr().out
    for colour, rate in (("200;0;0", 0), ("100;75;0", 50), ("0;150;0", 100)):
        assert re.search(rf"\x1b\[37;48;2;{colour}m +{rate}\x1b\[0m", out)


def test_the_name_of_a_policy_does_not_drive_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_heat_maps([row(0.0, 256, 1.0, policy="a\x1b[2J[bold]b\u202e")])
    assert capsys.readouterr().out.splitlines()[0] == "a[bold]b 64"

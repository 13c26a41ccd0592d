"""Layers on other devices: what is refused, and the same answer through an RPC server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import run, story
from process_helpers import run_process

from keydiff_cli.errors import ModelError
from keydiff_cli.llama import HERE, Placement, devices
from keydiff_cli.llama.devices import chosen


def test_what_is_not_there_is_refused() -> None:
    assert chosen(HERE) == []
    for name in ("Nowhere", "CPU"):
        with pytest.raises(ModelError, match=f"no device {name} beside the processor; "):
            chosen(Placement(None, (name,)))


def test_a_device_is_refused_where_none_can_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in builds of llama.cpp without the functions for it."""
    monkeypatch.setattr(devices, "_functions", lambda: None)
    with pytest.raises(ModelError, match="no device GPU0 beside the processor; leave device out"):
        chosen(Placement(None, ("GPU0",)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--gpu-layers", "many"), "--gpu-layers: 'many' is neither a number of layers nor auto"),
        (("--gpu-layers", "-1"), "--gpu-layers: '-1' is neither"),
        (("--device", ","), "--device: ',' names no device"),
        (("--rpc", ""), "--rpc: '' names no HOST:PORT"),
        (("--rpc", "a:1,host"), "--rpc: 'host' is no HOST:PORT of an RPC server"),
        (("--rpc", "host:0"), "--rpc: 'host:0' is no HOST:PORT"),
        (("--rpc", "host:65536"), "--rpc: 'host:65536' is no HOST:PORT"),
        (("--rpc", "host:" + 5000 * "1"), "is no HOST:PORT"),
        (("--rpc", "a..b:50052"), "--rpc: 'a..b:50052' is no HOST:PORT"),
        (("--rpc", 64 * "a" + ":1"), "is no HOST:PORT"),
        (("--rpc", "[::1]:50052"), "--rpc: '[::1]:50052' is no HOST:PORT"),
        (("--rpc", "host:\u0665"), "is no HOST:PORT"),
        (("--rpc", "a:1,b:2,a:1"), "--rpc: 'a:1' is there twice; name it once"),
        (("--device", "RPC0,RPC0"), "--device: 'RPC0' is there twice"),
    ],
)
def test_wrong_numbers_are_refused(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    done = run("ask", *options, tmp_path / "a.txt", "what?", cwd=tmp_path)
    assert done.status == 2
    assert message in done.errors[0]


@pytest.mark.model
def test_a_server_gives_the_same_answer(server: str, small_path: Path, tmp_path: Path) -> None:
    """Natively or by copies; the layers there take no memory here."""
    text = tmp_path / "story.txt"
    text.write_text(story(60))
    options = ("-m", "smollm2-135m", "--budget", "256", "--max-tokens", "8", "--json")
    reports = []
    for more in ((), ("--rpc", server), ("--rpc", server, "--gpu-layers", "12")):
        done = run_process(
            *("ask", *options, *more, "--policy", "keydiff", text, "Who keeps the bees?"),
            models=small_path.parent,
            cwd=tmp_path,
        )
        assert done.status == 0, done.err
        reports.append(json.loads(done.out))
    assert [report["model"]["gpu_layers"] for report in reports] == [0, 31, 12]
    assert len({(report["answer"], report["recall"]["tokens"]) for report in reports}) == 1
    assert reports[0]["recall"]["tokens"] > 0
    here, there, part = (report["memory_bytes"]["planned"] for report in reports)
    assert there < part < here


def test_doctor_does_not_send_to_itself(tmp_path: Path) -> None:
    done = run("doctor", cwd=tmp_path, KEYDIFF_GPU_LAYERS="3")
    if done.status == 0:
        pytest.skip("there is a device")
    (problem,) = done.warnings
    assert "no device beside the processor; leave --gpu-layers out" in problem
    assert "doctor" not in problem


@pytest.mark.model
def test_a_pyramid_elsewhere_is_refused_at_once(
    server: str, small_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("text")
    done = run_process(
        *("ask", "-m", "smollm2-135m", "--rpc", server, "--policy", "pyramid"),
        *(tmp_path / "a.txt", "what?"),
        models=small_path.parent,
        cwd=tmp_path,
    )
    assert done.status == 2
    assert "--policy pyramid needs all layers on the processor; use another one" in done.errors[0]

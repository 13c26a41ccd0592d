"""The memory that a model needs: its parts, and how they are measured, without a model."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from keydiff_cli.planning import footprint
from keydiff_cli.planning.footprint import WORKING_BYTES, Footprint, measure, measure_token
from keydiff_cli.system import machine

PROCESS, WEIGHTS = 50_000_000, 98_000_000
KV_FIXED, COMPUTE_FIXED, COMPUTE_CELL = 4096, 10_000_000, 512
BLOCK = 128


def model(window: int = 0) -> Any:
    """A model of eight KV heads in three layers."""
    return SimpleNamespace(
        identity=object(),  # what is found out about one says nothing of another
        weights=False,
        layers=3,
        size_here=WEIGHTS,
        key_length=64,
        value_length=32,
        query_length=256,
        widest=1536,
        window=window,
        kv_heads=lambda layer: (2, 4, 2)[layer],
    )


class FakeContext:
    """What llama.cpp would allocate for the keys and values of two layers.

    ``host`` says of each of them whether it is here; None is for a cache that is out of reach.
    ``patched`` is whether llama.cpp is.
    """

    host: tuple[bool, bool] | None = (True, True)
    patched = False
    opened: ClassVar[list[dict[str, Any]]] = []
    closed = 0

    def __init__(self, model: object, **options: Any) -> None:
        self.cells = options["cells"]
        self.opened.append(options)

    @property
    def compute_bytes(self) -> int:
        return COMPUTE_FIXED + COMPUTE_CELL * self.cells

    def cache_tensors(self) -> dict[int, tuple[Any, ...]] | None:
        if self.host is None:
            return None
        sizes = (2000 * self.cells, 1000 * self.cells + KV_FIXED), (200 * self.cells,) * 2
        return {
            layer: tuple(SimpleNamespace(size=size, host=here) for size in pair)
            for layer, (pair, here) in enumerate(zip(sizes, self.host, strict=True))
        }

    def native_cache(self) -> object | None:
        return object() if self.patched else None

    def close(self) -> None:
        FakeContext.closed += 1


@pytest.fixture(autouse=True)
def fake_context(monkeypatch: pytest.MonkeyPatch) -> type[FakeContext]:
    monkeypatch.setattr(footprint, "Context", FakeContext)
    monkeypatch.setattr(machine, "resident", lambda: PROCESS)
    monkeypatch.setattr(FakeContext, "opened", [])
    monkeypatch.setattr(FakeContext, "closed", 0)
    return FakeContext


def measured(*, window: int = 0, kv_type: str = "f16", **options: int) -> Footprint:
    return measure(model(window), block=BLOCK, kv_type=kv_type, **options)  # type: ignore[arg-type]


def test_the_parts_of_a_footprint_add_up() -> None:
    """Copies are of the whole cache, with the part of it that is on other devices."""
    needed = Footprint(
        process=1000,
        weights=200,
        kv_fixed=-30,
        kv_cell=10.5,
        compute_fixed=7,
        compute_cell=0.25,
        scoring_cell=2,
        copies=3,
        there_cell=1.5,
    )
    assert needed.kv(101) == 1030
    assert needed.compute(101) == 32
    assert needed.work(101) == WORKING_BYTES + 202 + 3 * (1030 + 151)
    assert needed.total(101) == 1000 + 200 + 1030 + 32 + needed.work(101)


def test_what_grows_with_the_cells_is_told_from_what_does_not(
    fake_context: type[FakeContext],
) -> None:
    assert measured() == Footprint(
        process=PROCESS,
        weights=WEIGHTS,
        kv_fixed=KV_FIXED,
        kv_cell=3400,
        compute_fixed=COMPUTE_FIXED + 2 * BLOCK * 1536,
        compute_cell=COMPUTE_CELL,
        scoring_cell=8 * 48 + 2000 * 2 + 8 * 64,  # the keys of a layer in float32, not float16
        direct=True,
    )
    assert [options["batch"] for options in fake_context.opened] == [BLOCK, BLOCK]
    assert fake_context.closed == 2


def test_queries_that_are_kept_take_memory(fake_context: type[FakeContext]) -> None:
    without, observing = measured(), measured(observe=True)
    assert [options["observe"] for options in fake_context.opened] == [False, False, True, True]
    assert observing == replace(
        without,
        compute_fixed=without.compute_fixed + 4 * BLOCK * 256 * 3,
        scoring_cell=without.scoring_cell + 8 * 32,
    )


def test_layers_elsewhere_take_copies_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """An eviction makes one, and a snapshot another."""
    here = measured()
    monkeypatch.setattr(FakeContext, "host", (True, False))
    apart = replace(here, kv_cell=3000, there_cell=400, direct=False)
    assert measured() == replace(apart, copies=1)
    assert measured(keep=True) == replace(apart, copies=2)
    assert measured(load=True) == replace(apart, copies=1)
    assert measured(move=True) == replace(apart, copies=1)


@pytest.mark.parametrize(
    ("host", "threads", "size"),
    [
        ((True, False), 1, 200 + 2 * 2000),  # keys of two layers, one of them through a copy
        ((True, False), 8, 200 + 2 * 2000),
        ((False, False), 1, 2000 + 2 * 2000),
        ((False, False), 2, 4 * 2000),  # keys and values of two layers
        ((False, False), 8, 4 * 2000),
    ],
)
def test_a_patched_llama_cpp_copies_layers_elsewhere_a_few_at_a_time(
    host: tuple[bool, bool], threads: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole copies are made of what is loaded or moves, and two of what is kept."""
    here = measured()
    monkeypatch.setattr(FakeContext, "host", host)
    monkeypatch.setattr(FakeContext, "patched", True)
    needed = measured(threads=threads)
    assert needed.scoring_cell == here.scoring_cell + size
    assert (needed.direct, needed.copies) == (True, 0)
    for options, copies in (({"load": True}, 1), ({"move": True}, 1), ({"keep": True}, 2)):
        assert measured(threads=threads, **options) == replace(needed, copies=copies)


def test_what_is_here_is_not_copied_whoever_has_patched_llama_cpp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = measured()
    monkeypatch.setattr(FakeContext, "patched", True)
    assert measured(threads=8, load=True, keep=True, move=True) == here


@pytest.mark.parametrize(("window", "copies"), [(0, 0), (512, 1)])
def test_what_is_kept_or_moves_is_copied_if_it_has_a_sliding_window(
    window: int, copies: int
) -> None:
    assert measured(window=window, keep=True).copies == copies
    assert measured(window=window, move=True).copies == copies
    assert measured(window=window).copies == 0


@pytest.mark.parametrize(("kv_type", "size"), [("f16", 2), ("q8_0", 34 / 32)])
def test_of_a_cache_out_of_reach_the_metadata_tell_the_size(
    kv_type: str, size: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeContext, "host", None)
    needed = measured(kv_type=kv_type)
    assert (needed.kv_fixed, needed.kv_cell) == (0, 8 * (64 + 32) * size)
    assert (needed.direct, needed.copies) == (False, 1)
    widest = needed.kv_cell / 3 / 2  # of three layers, keys and values
    assert needed.scoring_cell == int(8 * 48 + widest * 4 / size + 8 * 64)


@pytest.mark.parametrize(("kv_type", "size"), [("f16", 2), ("q8_0", 34 / 32)])
def test_of_a_token_keys_and_values_are_told_apart(
    fake_context: type[FakeContext], kv_type: str, size: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the queries for which windows would be as large as the cache."""
    assert measure_token(model(512), block=BLOCK, kv_type=kv_type) == (2200, 1200)
    assert not any(options.get("observe") for options in fake_context.opened)
    assert fake_context.closed == 2
    monkeypatch.setattr(FakeContext, "host", None)
    keys, values = measure_token(model(), block=BLOCK, kv_type=kv_type)
    assert (keys, values) == pytest.approx((8 * 64 * size, 8 * 32 * size))


def test_a_context_is_closed_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: FakeContext) -> None:
        raise MemoryError

    monkeypatch.setattr(FakeContext, "cache_tensors", fail)
    with pytest.raises(MemoryError):
        measured()
    assert FakeContext.closed == 1

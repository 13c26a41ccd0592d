"""Rows get smaller positions in place, and the model goes on as if they had been read there."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from fake_cache import ACCESSES, append, check_rows, fake_cache
from gguf_files import tiny
from rope_models import MODELS, SOME_WINDOWS, words_do_not_matter

from keydiff_cli.cache import Access, KVCache, LostRowsError
from keydiff_cli.cache.state import STATE_HEAD, parse_state
from keydiff_cli.cache.turning import turned
from keydiff_cli.compaction import Compaction, compacted
from keydiff_cli.llama import Context, Model
from keydiff_cli.policies import POLICIES
from keydiff_cli.scores import Rotation

__all__ = ["words_do_not_matter"]

HALF = Compaction("capped", 100, to=0.5)


def read(monkeypatch: pytest.MonkeyPatch, access: str, policy: str = "keydiff") -> KVCache:
    """Ninety tokens, read into twenty rows."""
    cache = fake_cache(monkeypatch, access, 48, HALF)
    append(cache, 10)
    cache.pin(0, 10)
    for _ in range(8):
        append(cache, 10)
        cache.evict(20, POLICIES[policy])
    return cache


@pytest.mark.parametrize("access", ACCESSES)
@pytest.mark.parametrize("policy", ["keydiff", "keydiff-prerope", "keydiff-token", "window"])
def test_rows_are_where_the_mirror_says(
    access: str, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = read(monkeypatch, access, policy)
    before = np.concatenate(cache.origin).copy()
    cache.compact(10)
    assert (cache.position, cache.shifts) == (90, [])
    cache.compact(11)
    assert (cache.tokens, cache.position, cache.shifts) == (90, 44, [(90, 46)])
    check_rows(cache, turned=True)
    held = np.concatenate(cache.rotary)
    assert held.max() == 43
    assert cache.positions.max() == 43
    if access != "copy":
        np.testing.assert_array_equal(np.concatenate(cache.origin), before)
    append(cache, 10)
    cache.evict(20, POLICIES[policy])
    check_rows(cache, turned=True)
    assert cache.position == 54


@pytest.mark.parametrize("access", ACCESSES)
def test_cells_with_gaps_between_them_come_together(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = read(monkeypatch, access)
    append(cache, 5)
    cache.rows.remove(91, 93)
    cache.compact(20)
    check_rows(cache, turned=True)
    positions = np.sort(cache.positions[cache.positions >= 0])
    assert positions.tolist() == list(range(17, 40))


def test_going_back_goes_back_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = read(monkeypatch, "direct")
    mark, before = cache.mark(), np.concatenate(cache.origin).copy()
    append(cache, 5)
    cache.compact(20)
    append(cache, 5)
    cache.rewind(mark)
    check_rows(cache)
    assert (cache.position, cache.shifts) == (90, [])
    np.testing.assert_array_equal(np.concatenate(cache.origin), before)


def test_an_image_says_where_tokens_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = read(monkeypatch, "direct")
    cache.compact(20)
    image = cache.image(copy=True)
    cache.clear()
    assert cache.shifts == []
    cache.load(image)
    check_rows(cache, turned=True)
    assert (cache.position, cache.shifts) == (40, [(90, 50)])


def test_where_little_is_won_positions_count_on(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = fake_cache(monkeypatch, "direct", 128, HALF)
    append(cache, 99)
    cache.compact(20)
    assert (cache.position, cache.shifts) == (99, [])
    check_rows(cache)


def test_what_fails_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = read(monkeypatch, "direct")
    monkeypatch.setattr(cache.context, "restore", lambda blob: 1 / 0)
    with pytest.raises(LostRowsError, match="has to be read again"):
        cache.compact(20)


def test_without_a_place_to_put_rows_aside_positions_count_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = read(monkeypatch, "direct")
    full = OSError(28, "No space left on device")
    monkeypatch.setattr("keydiff_cli.cache.aside.nameless_file", Mock(side_effect=full))
    cache.compact(20)
    check_rows(cache)
    assert (cache.position, cache.shifts) == (90, [])
    assert "No space left" in cache.uncompacted
    assert cache.compaction is None


# With models ------------------------------------------------------------------------------------

# All layers of the one with windows have some, so that there is nothing to read into.
TURNED = {**MODELS, "some windows": SOME_WINDOWS, "every second window": tiny(64)}
del TURNED["windows"]
TOKENS = np.random.default_rng(0).integers(0, 8, 1100).astype(np.int32)
THEN = 462  # the position after a compaction: half of 1,024 less 100
CLOSE = 0.01  # of the range of the logits: llama.cpp adds up in float16


def read_some(context: Context, access: Access) -> KVCache:
    """A thousand tokens, read into 320 rows."""
    cache = KVCache(context, access=access, compaction=Compaction("capped", 1024, to=0.5))
    for start in range(0, 1000, 100):
        cache.append(TOKENS[start : start + 100])
        cache.evict(320, POLICIES["keydiff"])
    return cache


def said(context: Context, position: int, answer: list[int]) -> list[np.ndarray]:
    """Logits after twenty more tokens, and after each of an answer, which goes on to ten."""
    context.decode(TOKENS[1000:1020], position, logits=True)
    every = [context.logits().copy()]
    for number in range(10):
        answer[number:] = answer[number:] or [int(every[-1].argmax())]
        token = np.array(answer[number : number + 1], np.int32)
        context.decode(token, position + 20 + number, logits=True)
        every.append(context.logits().copy())
    return every


def placed(
    context: Context, cache: KVCache, position: int, kv_type: str, *, turning: bool = True
) -> np.ndarray:
    """What a cache holds, serialised, as if its rows had been read before ``position``.

    Without ``turning`` their keys are left as they are.
    """
    blob, rotations = context.state(), context.rotations()
    full, *windowed = parse_state(blob)
    used = cache.positions >= 0
    rotary = np.concatenate(cache.rotary)[:, used]
    new = compacted(rotary, cache.position, position, "capped") if turning else rotary
    numbers = sorted(rotations)
    if windowed:  # every layer is in one of the two
        numbers = cache._layout.numbers
        away = np.full(len(windowed[0].positions), position - cache.position, np.int32)
        others = [number for number in sorted(rotations) if number not in numbers]
        for number, keys in zip(others, windowed[0].keys, strict=True):
            turn(keys, rotations[number], away[None] if turning else 0 * away[None], kv_type)
        move(blob, full.end, windowed[0].positions + away)
    heads = np.cumsum([0, *cache.rows.heads])
    for place, (number, keys) in enumerate(zip(numbers, full.keys, strict=True)):
        own = slice(heads[place], heads[place + 1])
        turn(keys, rotations[number], (new - rotary)[own], kv_type)
    move(blob, STATE_HEAD, full.positions + np.int32(position - cache.position))
    return blob


def turn(keys: np.ndarray, rotation: Rotation, steps: np.ndarray, kv_type: str) -> None:
    split = keys.reshape(len(keys), len(steps), -1)
    for head, own in enumerate(steps):
        split[:, head] = turned(split[:, head].copy(), rotation, own, kv_type)


def move(blob: np.ndarray, start: int, positions: np.ndarray) -> None:
    """Write the positions of a serialised cache."""
    cells = blob[start + 8 : start + 8 + 12 * len(positions)].view("<i4").reshape(-1, 3)
    cells[:, 0] = positions


@pytest.mark.usefixtures("words_do_not_matter")
@pytest.mark.parametrize("access", ["direct", "copy"])
@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
@pytest.mark.parametrize("name", TURNED)
def test_the_model_goes_on_as_from_rows_that_were_put_there(
    name: str, kv_type: str, access: Access, tmp_path: Path
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(TURNED[name])
    with (
        closing(Model(path)) as model,
        closing(Context(model, cells=512, batch=128, kv_type=kv_type)) as context,
    ):
        cache = read_some(context, access)
        if access == "copy" and model.window:
            assert cache.compaction is None
            return
        blob = placed(context, cache, THEN, kv_type)
        moved = placed(context, cache, THEN, kv_type, turning=False)
        cache.compact(100)
        assert cache.position == THEN
        answer: list[int] = []
        logits = said(context, THEN, answer)
        context.restore(blob)
        wanted = said(context, THEN, answer)
        context.restore(moved)
        unturned = said(context, THEN, answer)
    for now, then in zip(logits, wanted, strict=True):
        assert np.abs(now - then).max() < CLOSE * np.ptp(then)
    wrong = [np.abs(now - then).max() for now, then in zip(unturned, wanted, strict=True)]
    assert max(wrong) > 2 * CLOSE * np.ptp(wanted[0])

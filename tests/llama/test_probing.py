"""What is found out about a model without weights, and once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from keydiff_cli.llama import Model, probing, without_weights


def test_once_for_each_file_and_each_other_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "_MOST", 3)
    calls: list[tuple[Any, ...]] = []

    @without_weights
    def probe(model: Any, cells: int, *, kind: str = "f16") -> int:
        calls.append((model.identity, cells, kind))
        return len(calls)

    one, two = (SimpleNamespace(identity=name, weights=False) for name in "ab")
    assert [probe(one, 1), probe(one, 1), probe(two, 1)] == [1, 1, 2]  # type: ignore[arg-type]
    assert probe(one, 1, kind="q8_0") == 3  # type: ignore[arg-type]
    assert probe(one, 2) == 4  # type: ignore[arg-type]
    assert probe(one, 1) == 5  # type: ignore[arg-type]  # forgotten for the fourth
    assert len(set(calls)) == 4


def test_a_loaded_model_is_opened_without_weights_for_it(tiny_path: Path) -> None:
    opened: list[Model] = []

    @without_weights
    def probe(model: Model) -> bool:
        opened.append(model)
        return model.weights

    model = Model(tiny_path)
    try:
        assert probe(model) is False
        assert probe(model) is False
        assert len(opened) == 1
        assert opened[0] is not model
    finally:
        model.close()

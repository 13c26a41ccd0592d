"""The model that was loaded last, kept open for the next reading by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from keydiff_cli.llama import Model, Placement
from keydiff_cli.system.files import identity_of


class ModelKeeper:
    """Keeps the model that was loaded last; to be closed, after all contexts of it."""

    def __init__(self) -> None:
        self._model: Model | None = None

    def close(self) -> None:
        """Free the model, if there is one."""
        if self._model is not None:
            self._model.close()
            self._model = None

    @contextmanager
    def sketch(self, path: Path, placement: Placement) -> Iterator[Model]:
        """A model to tokenise with and to plan for: the one that is kept, or one without weights.

        Another one that is kept stays open: what was read by it may still be held.
        """
        if (kept := self._kept(path, placement)) is not None:
            yield kept
            return
        with closing(Model(path, weights=False, placement=placement)) as sketch:
            yield sketch

    def load(self, path: Path, placement: Placement) -> Model:
        """The model with its weights: the one that is kept, or loaded now, to be kept.

        Another one that is kept is freed first: no context of it is open any more.
        """
        kept = self._kept(path, placement)
        if kept is None:
            self.close()
            kept = self._model = Model(path, placement=placement)
        return kept

    def _kept(self, path: Path, placement: Placement) -> Model | None:
        """The model that is kept, if it is of this file, as it is, and this placement."""
        if self._model is None or self._model.identity != (identity_of(path), placement):
            return None
        return self._model

"""RoPE: how a layer turns its keys by their position, and how they are turned back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Complex64 = NDArray[np.complex64]

_STEP = 4096  # tokens; an angle is that of a multiple of it and that of the rest, from a table


@dataclass(frozen=True, eq=False)
class Rotation:
    """How a layer rotates keys: pairs of numbers, by an angle that grows with the position.

    Source: RoFormer, arXiv 2104.09864, section 3.2.2.

    Attributes
    ----------
    frequencies
        Radians per token of each pair: float64 ``[pairs]``. Numbers beyond the pairs stay as
        they are.
    adjacent
        Whether numbers beside each other are a pair; else number i and number ``pairs + i``.
    mixed
        Numbers that llama.cpp has mixed after that, to quantise them better, by a Hadamard matrix
        of this size; 1 for none.
    """

    frequencies: NDArray[np.float64]
    adjacent: bool = False
    mixed: int = 1

    def undo(self, keys: Float32, tokens: NDArray[np.int32]) -> Float32:
        """Keys as they were before, but for their length under YaRN and LongRoPE.

        Parameters
        ----------
        keys
            Of one head: float32 ``[rows, head_dim]``.
        tokens
            Position of each: int32 ``[rows]``.

        Returns
        -------
        float32 ``[rows, head_dim]``, the two numbers of a pair beside each other.
        """
        rows, width = keys.shape
        if self.mixed > 1:
            keys = (keys.reshape(rows, -1, self.mixed) @ self._mixer).reshape(rows, width)
        pairs = len(self.frequencies)
        turned = np.empty((rows, pairs), np.complex64)
        if self.adjacent:
            turned.view(np.float32)[:] = keys[:, : 2 * pairs]
        else:
            turned.real, turned.imag = keys[:, :pairs], keys[:, pairs : 2 * pairs]
        steps, rest = np.divmod(tokens, _STEP)
        turned *= np.take(self._table, rest, axis=0)
        turned *= np.take(self._turns(np.arange(steps.max(initial=0) + 1) * _STEP), steps, axis=0)
        back = turned.view(np.float32)
        return back if 2 * pairs == width else np.hstack((back, keys[:, 2 * pairs :]))

    @cached_property
    def _table(self) -> Complex64:
        return self._turns(np.arange(_STEP))

    def _turns(self, tokens: NDArray[np.int64]) -> Complex64:
        """What a pair, as a complex number, is multiplied by to be turned back."""
        turns: Complex64 = np.exp(-1j * np.outer(tokens, self.frequencies)).astype(np.complex64)
        return turns

    @cached_property
    def _mixer(self) -> Float32:
        """Sylvester's matrix over the root of its size, which is its own inverse."""
        matrix = np.ones((1, 1), np.float32)
        while len(matrix) < self.mixed:
            matrix = np.block([[matrix, matrix], [matrix, -matrix]])
        mixer: Float32 = matrix / np.float32(np.sqrt(self.mixed))
        return mixer

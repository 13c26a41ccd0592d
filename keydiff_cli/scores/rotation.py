"""RoPE: how a layer turns its keys by their position, and how they are turned back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Complex128 = NDArray[np.complex128]

_STEP = 4096  # positions; an angle is that of a multiple of it and that of the rest, from a table
_ROWS = 1024  # turned at a time, so that what is read and written stays in the processor's caches


@dataclass(frozen=True, eq=False)
class Rotation:
    """How a layer rotates keys: pairs of numbers, by an angle that grows with the position.

    Source: RoFormer, arXiv 2104.09864, section 3.2.2.

    Attributes
    ----------
    frequencies
        Radians per position of each pair: float64 ``[pairs]``. Numbers beyond the pairs stay as
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

    def undo(self, keys: Float32, positions: NDArray[np.int32]) -> Float64:
        """Keys as they were before, but for their length under YaRN and LongRoPE.

        In double precision, so that what is computed from them does not depend on the order.

        Parameters
        ----------
        keys
            Keys of one head: float32 ``[rows, head_dim]``.
        positions
            Position by which each key is rotated: int32 ``[rows]``.

        Returns
        -------
        float64 ``[rows, head_dim]``, the two numbers of a pair beside each other.
        """
        back = np.empty(keys.shape)
        steps, rest = np.divmod(positions, _STEP)
        far = self._phasors(np.arange(steps.max(initial=0) + 1) * _STEP)
        for first in range(0, len(keys), _ROWS):
            part = slice(first, first + _ROWS)
            phasors = self._table[rest[part]]
            if len(far) > 1:
                phasors *= far[steps[part]]
            self._turn(keys[part], phasors, back[part])
        return back

    def turn(self, keys: Float32, steps: NDArray[np.int32]) -> Float64:
        """Keys turned on by so many positions, in the order of their numbers; their length stays.

        Parameters
        ----------
        keys
            Keys or queries of one head, as they are cached or meet the cache: float32
            ``[rows, head_dim]``.
        steps
            How much farther each of them is turned, or back where this is negative: int32
            ``[rows]``.

        Returns
        -------
        float64 ``[rows, head_dim]``.
        """
        pairs = len(self.frequencies)
        turned = np.empty(keys.shape)
        self._turn(keys, np.exp(1j * np.outer(steps, self.frequencies)), turned)
        if not self.adjacent:
            numbers = turned[:, : 2 * pairs].reshape(len(keys), pairs, 2)
            turned[:, : 2 * pairs] = numbers.swapaxes(1, 2).reshape(len(keys), -1)
        return turned if self.mixed == 1 else self._mix(turned)

    def _turn(self, keys: Float32, phasors: Complex128, back: Float64) -> None:
        """Multiply the pairs of keys by ``[rows, pairs]``, into ``back``."""
        pairs = len(self.frequencies)
        plain = keys if self.mixed == 1 else self._mix(keys)
        back[:, 2 * pairs :] = plain[:, 2 * pairs :]
        turned = back[:, : 2 * pairs].view(np.complex128)
        if self.adjacent:
            back[:, : 2 * pairs] = plain[:, : 2 * pairs]
        else:
            turned.real, turned.imag = plain[:, :pairs], plain[:, pairs : 2 * pairs]
        turned *= phasors

    @cached_property
    def _table(self) -> Complex128:
        return self._phasors(np.arange(_STEP))

    def _phasors(self, positions: NDArray[np.int64]) -> Complex128:
        """What a pair, as a complex number, is multiplied by to be turned back."""
        phasors: Complex128 = np.exp(-1j * np.outer(positions, self.frequencies))
        return phasors

    def _mix(self, keys: Float32 | Float64) -> Float64:
        """Mix the numbers of keys; once more, and they are as they were."""
        mixed = keys.reshape(len(keys), -1, self.mixed).astype(np.float64)
        return (mixed @ self._mixer).reshape(keys.shape)

    @cached_property
    def _mixer(self) -> Float64:
        """Sylvester's matrix over the root of its size, which is its own inverse."""
        matrix = np.ones((1, 1))
        while len(matrix) < self.mixed:
            matrix = np.block([[matrix, matrix], [matrix, -matrix]])
        mixer: Float64 = matrix / np.sqrt(self.mixed)
        return mixer

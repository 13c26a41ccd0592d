"""What an archive stores of the rows of a cache, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keydiff_cli.cache import Bytes, quantize, quantized_width, to_half
from keydiff_cli.errors import UsageError
from keydiff_cli.llama import KV_BYTES
from keydiff_cli.settings.config import Settings


@dataclass(frozen=True)
class ArchiveForm:
    """What an archive stores of the rows of a cache, and how.

    Attributes
    ----------
    kind
        ``full`` for keys and values, ``keys`` for keys, which can be scored but not put back.
    type
        Type of the stored numbers: ``f16`` or ``q8_0``.
    cached
        Type of those in the cache. A q8_0 cache is stored as it is.
    """

    kind: str = "full"
    type: str = "f16"
    cached: str = "f16"

    @classmethod
    def of(cls, settings: Settings) -> ArchiveForm | None:
        """The form that the settings ask for; None for no archive."""
        if settings.archive == "off":
            return None
        cached = settings.kv_type
        stored = settings.archive_type or cached
        return cls(settings.archive, cached if cached == "q8_0" else stored, cached)

    @property
    def whole(self) -> bool:
        """Whether rows can be put back."""
        return self.kind == "full"

    @property
    def packed(self) -> bool:
        """Whether numbers are stored in another type than they are cached in."""
        return self.type != self.cached

    @property
    def names(self) -> list[str]:
        """What tells it from the usual one, in which rows are stored as they are cached."""
        return [self.kind, self.type] if self.packed or not self.whole else []

    def widths(self, rows: Sequence[int]) -> list[int]:
        """Bytes that rows take in the archive.

        Parameters
        ----------
        rows
            Bytes of a row of keys of each layer, then of a row of values, in the cache.

        Raises
        ------
        UsageError
            If rows of the model cannot be stored as this type.
        """
        kept = rows[: self._arrays(len(rows))]
        if not self.packed:
            return list(kept)
        try:
            return [quantized_width(width) for width in kept]
        except ValueError as error:
            raise UsageError(
                f"archive_type={self.type} does not go with this model, whose rows of "
                f"{error}; leave it out"
            ) from None

    def token_bytes(self, keys: float, values: float) -> int:
        """Bytes that a token takes, from those that its keys and its values take in the cache."""
        kept = keys + values if self.whole else keys
        return int(kept * KV_BYTES[self.type] / KV_BYTES[self.cached])

    def pack(self, rows: Sequence[Bytes]) -> list[Bytes]:
        """Rows as they are stored; keys of each layer, then values: uint8 ``[tokens, bytes]``."""
        kept = rows[: self._arrays(len(rows))]
        return [quantize(part) for part in kept] if self.packed else list(kept)

    def unpack(self, rows: Bytes) -> Bytes:
        """Rows as they are cached, from those of one array: uint8 ``[tokens, bytes]``."""
        return to_half(rows) if self.packed else rows

    def _arrays(self, count: int) -> int:
        """How many of the arrays, keys of each layer and then values, are stored."""
        return count if self.whole else count // 2

"""What a snapshot depends on beside the documents: readings with the same key go on alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from keydiff_cli.errors import UsageError

FORMAT = 4  # of what the arrays of a snapshot mean
# What makes no difference as long as nothing is evicted.
_EVICTION = ("budget", "memory", "policy", "policy_version", "positions", "question")
# What must agree whatever was read and how, and what it is called.
_IDENTITY = {
    "format": "version of keydiff",
    "keydiff": "version of keydiff",
    "llama_cpp_python": "version of llama-cpp-python",
    "model": "model",
    "gpu_layers": "number of layers on other devices",
    "head": "system prompt",
}


@dataclass(frozen=True, kw_only=True)
class SnapshotKey:
    """All that the result of a reading depends on beside the documents.

    Attributes
    ----------
    keydiff, llama_cpp_python
        Versions.
    model
        SHA-256 of the model file; None if it is not known.
    gpu_layers
        Layers on other devices.
    head
        Digest of the tokens before the documents.
    policy, policy_version
        The policy that tokens are evicted by, and what tells it from others of its name.
    longest
        Tokens of the longest text that the model was made for: LongRoPE has two rotations.
    budget
        Tokens that may stay; 0 for any number.
    memory
        Bytes of the cap that the budget comes from; None if it comes from elsewhere.
    block
        Tokens between evictions.
    kv_type
        Type of the cached keys and values.
    whole_windows
        Whether layers with a sliding window had as many cells as the others: so that a question
        can be looked at.
    question
        Digest of the question that the documents are read for; None if for none.
    positions
        What happens to positions at the end of the longest text that the model was made for.
    """

    keydiff: str
    llama_cpp_python: str
    model: str | None
    gpu_layers: int
    head: str
    policy: str
    policy_version: str | None
    longest: int
    budget: int
    memory: int | None
    block: int
    kv_type: str
    whole_windows: bool
    question: str | None
    positions: str
    format: int = FORMAT

    def as_json(self) -> dict[str, Any]:
        """The key as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> SnapshotKey:
        """A key from plain data.

        Raises
        ------
        KeyError
            If it is not that of a snapshot.
        """
        return cls(**{field.name: values[field.name] for field in fields(cls)})

    def fits(self, other: Mapping[str, Any], *, evicting: bool) -> bool:
        """Whether a snapshot with another key, as plain data, can be gone on from.

        Its budget is not looked at; where nothing is evicted, nor would be, nor is its policy.
        """
        free = ("budget",) if evicting else _EVICTION
        return _without(other, free) == _without(self.as_json(), free)

    def of_rows(self, *, evicted: bool) -> dict[str, Any]:
        """What the rows of tokens depend on, as plain data.

        Where nothing was ``evicted``, how that would go is not part of it.
        """
        return _without(self.as_json(), () if evicted else _EVICTION)

    def with_budget(self, budget: int) -> SnapshotKey:
        """The same key for another budget."""
        return replace(self, budget=budget)

    def for_all_of(self, tokens: int) -> SnapshotKey:
        """The key by which a reading goes on from so many tokens of which nothing was evicted.

        If they are more than may stay of other documents, so many may stay of these.
        """
        return self.with_budget(tokens) if 0 < self.budget < tokens else self

    def require_identity(self, other: Mapping[str, Any]) -> None:
        """Make sure that a snapshot is of this model, system prompt and version.

        Raises
        ------
        UsageError
            If it is not.
        KeyError
            If its key is not that of a snapshot.
        """
        for name, called in _IDENTITY.items():
            if other[name] != getattr(self, name):
                raise UsageError(f"the snapshot is of another {called}; read the document again")


def _without(key: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name not in names}

"""Models of random weights, one for each way to rotate keys."""

from __future__ import annotations

from typing import Any

import pytest
from gguf_files import decoder

HEAD = 64
BIASES = {
    f"blk__attn_{name}__bias": (size * HEAD,) for name, size in {"q": 2, "k": 1, "v": 1}.items()
}
NORMS = {f"blk__attn_{name}_norm__weight": (HEAD,) for name in "qk"}
AROUND = {f"blk__post_{name}_norm__weight": (2 * HEAD,) for name in ("attention", "ffw")}
SIZES: dict[str, Any] = {"attention.key_length": HEAD, "attention.value_length": HEAD}
WINDOW: dict[str, Any] = {**SIZES, "attention.sliding_window": 256}
FUSED: dict[str, Any] = {
    **{f"blk__{name}__weight": () for name in ("attn_q", "attn_k", "attn_v", "ffn_gate")},
    "blk__attn_qkv__weight": (2 * HEAD, 4 * HEAD),
    "blk__ffn_up__weight": (2 * HEAD, 2 * 64),
    "rope_factors_long__weight": (24,),
    "rope_factors_short__weight": (24,),
}
MODELS = {
    "adjacent": decoder("llama"),
    "factors": decoder("llama", rope_freqs__weight=(32,)),
    "linear": decoder("llama", {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0}),
    "yarn": decoder(
        "llama",
        {
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 2048,
        },
    ),
    "halves": decoder("qwen2", **BIASES),
    "norms before": decoder("qwen3", SIZES, **NORMS),
    "windows": decoder("gemma3", WINDOW, **NORMS, **AROUND),
    "part, fused": decoder(
        "phi3",
        {
            "rope.dimension_count": 48,
            "rope.scaling.attn_factor": 1.19,
            "rope.scaling.original_context_length": 1024,
            "attention.sliding_window": 0,
        },
        **FUSED,
    ),
    "none in layer 3": decoder("smollm3"),
}

SOME_WINDOWS = decoder(
    "cohere2", {"attention.sliding_window": 256, "logit_scale": 1.0}, blk__ffn_norm__weight=()
)


@pytest.fixture
def words_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models without a vocabulary will do."""
    monkeypatch.setattr("keydiff_cli.llama.model.require_supported", lambda model: None)

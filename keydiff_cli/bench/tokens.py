"""A whole text as tokens, tokenised as reading does it."""

from __future__ import annotations

import numpy as np

from keydiff_cli.llama import Tokens
from keydiff_cli.text.cutting import cut_text
from keydiff_cli.text.tokenizer import Tokenizer


def text_tokens(tokenizer: Tokenizer, text: str) -> Tokens:
    """The tokens of a text that begins the stream: int32 ``[tokens]``."""
    parts = cut_text([text])
    return np.concatenate([tokenizer(part, first=i == 0) for i, part in enumerate(parts)])

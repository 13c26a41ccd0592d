"""The tokens of a text are those that reading would run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from text_helpers import END, PlainBytes, SpaceFirst, read_corpus

from keydiff_cli.bench.tokens import text_tokens
from keydiff_cli.text.cutting import MAX_PIECE
from keydiff_cli.text.tokenizer import Tokenizer, Vocabulary


@pytest.mark.parametrize("vocabulary", [PlainBytes(), SpaceFirst()], ids=["bytes", "space first"])
def test_a_text_has_the_tokens_that_reading_gives_it(
    vocabulary: Vocabulary, tmp_path: Path
) -> None:
    """The text is tokenised in several pieces, of which only the first begins it."""
    text = "Größe 🚢 word " * 1000
    introduced = "Document: text.txt\n\n" + text  # as reading has it
    assert len(text) > 3 * MAX_PIECE
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    tokens = text_tokens(Tokenizer(vocabulary), introduced)
    assert tokens.dtype == np.int32
    assert tokens.tolist() == read_corpus(vocabulary, path).slice(0, END).tolist()

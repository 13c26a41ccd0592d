"""H2O: the attention that came since a row is there, summed up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from score_helpers import slow_attention

from keydiff_cli.scores import Rows
from keydiff_cli.scores.h2o import HeavyHitters


def test_attention_adds_to_what_was_paid_before(rows: Rows) -> None:
    paid = slow_attention(rows).mean(axis=2).sum(axis=1)
    assert rows.past is not None
    np.testing.assert_allclose(HeavyHitters()(rows), rows.past + paid, rtol=2e-5, atol=1e-5)
    first = replace(rows, past=None)
    np.testing.assert_allclose(HeavyHitters()(first), paid, rtol=2e-5, atol=1e-5)

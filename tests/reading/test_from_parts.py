"""Answers from parts: each is asked once, and what says the same has several places."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

from archived_readings import settings_for

from keydiff_cli.reading.from_parts import FromParts
from keydiff_cli.reading.part_records import Kept
from keydiff_cli.reading.places import place_of
from keydiff_cli.reading.reader import Reader
from keydiff_cli.text.passages import Passage


class Fees(FromParts):
    """Says of the first part nothing, and of all others the same."""

    asked = 0

    def _pieces(self) -> Iterator[str]:
        for record in self._records("fees"):
            place = place_of(self._held.corpus, record.start, record.stop)
            if self._is_new(record.text, place, 0 if self.sentences else None):
                yield record.text

    def _said(self, parts: list[Passage]) -> Generator[Kept | None, None, None]:
        for part in parts:
            self.asked += 1
            yield None
            yield "a fee" if part.start else "", ()

    def _is_sound(self, part: Passage, said: str) -> bool:
        return said in ("", "a fee")


def test_a_part_is_asked_once_and_the_same_has_all_its_places(
    tiny_path: Path, tmp_path: Path
) -> None:
    document = tmp_path / "fees.txt"
    document.write_text("\n".join(["The fee is 50 euros. " * 24] * 4))
    with Reader(replace(settings_for(tiny_path, tmp_path), conversation=1024)) as reader:
        reader.read([document])
        first, again = (
            Fees(reader.held, reader.recorder, reader._store(), lambda: True, "list all fees")
            for _ in range(2)
        )
        assert list(first) == list(again) == ["a fee"]
    assert len(first.parts) > 2
    assert (first.asked, again.asked) == (len(first.parts), 0)
    [item] = first.sentences
    assert again.sentences == [item]
    assert len(item.places) == len(set(item.places)) > 1

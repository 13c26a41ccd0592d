"""The page of a map: one file that loads nothing, whatever the documents say."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
from made_maps import NASTY, made_map

from keydiff_cli.reading.mapping import Map
from keydiff_cli.render.map_page import map_page


class Elements(HTMLParser):
    """The elements of a page, and the text of each kind."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: dict[str, str] = {}
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        tag = self.tags[-1] if self.tags else ""
        self.texts[tag] = self.texts.get(tag, "") + data


def data_of(drawn: Map) -> dict[str, Any]:
    match = re.search(rb'<script type="application/json" id="data">(.*?)</script>', map_page(drawn))
    assert match is not None
    data: dict[str, Any] = json.loads(match[1])
    return data


def test_the_data_is_that_of_the_map() -> None:
    drawn = made_map(5, question="Why?", text_parts=2)
    data = data_of(drawn)
    assert (data["heads"], data["documents"]) == ([2, 2], ["report.pdf", "notes.txt"])
    fourth, last = data["parts"][3], data["parts"][-1]
    assert (fourth["where"], fourth["label"], fourth["tick"]) == ("page 4", "iv", "4")
    assert (last["document"], last["where"]) == (1, "lines 41-80")
    assert fourth["text"] == drawn.beginnings[3]
    assert [part["recalled"] for part in data["parts"]] == [0, 7, 0, 0, 0, 0, 0]
    roots = np.frombuffer(base64.b64decode(data["shares"]), np.uint8).reshape(4, 7) / 255
    np.testing.assert_allclose(roots**2, drawn.shares, atol=0.005)
    assert [strip["name"] for strip in data["strips"]] == ["attention", "recalled", "read again"]
    assert data_of(made_map(5))["strips"] == []


def test_what_documents_say_is_no_part_of_the_page() -> None:
    drawn = made_map(8, question=NASTY + "{{data}}", name=NASTY)
    elements = Elements(map_page(drawn))
    assert elements.tags.count("script") == 2
    assert "img" not in elements.tags
    assert NASTY in elements.texts["title"]
    assert f"Question: {NASTY}{{{{data}}}}" in elements.texts["p"]
    assert any(NASTY[:90] in part["text"] for part in data_of(drawn)["parts"])


def test_it_loads_nothing() -> None:
    elements = Elements(map_page(made_map(8)))
    sources = [value for name, value in elements.attributes if name in ("src", "href", "data")]
    assert sources == ["data:,"]
    rules = dict(elements.attributes)
    assert "default-src 'none'" in str(rules)


def test_a_thousand_pages_of_a_large_model_are_less_than_5_mb() -> None:
    assert len(map_page(made_map(1000, layers=64, heads=8, question="Why?"))) < 2e6


def test_very_many_pages_are_put_together() -> None:
    drawn = made_map(9000, layers=64, heads=8)
    assert len(map_page(drawn)) < 5e6
    parts = data_of(drawn)["parts"]
    assert len(parts) == 3000
    assert (parts[1]["where"], parts[1]["tokens"]) == ("pages 4-6", 300)

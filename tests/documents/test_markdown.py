"""Markdown: the text as it stands, its headings in the outline."""

from __future__ import annotations

import pytest
from document_helpers import piped, read

from keydiff_cli.documents import Heading
from keydiff_cli.documents.markdown_headings import headings

_TEXT = """# Report

Some **bold** text, [a link](x.md).

## Prices ##

```sh
# no heading
```

Old style
=========

- one
- two

Lower
---
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_headings_with_their_lines(end: str) -> None:
    document = piped(_TEXT.replace("\n", end).encode())
    assert read(document) == _TEXT
    assert (document.kind, document.unit, document.page_kind) == ("markdown", "bytes", None)
    assert document.outline == [
        Heading("Report", 1, None, 1),
        Heading("Prices", 2, None, 5),
        Heading("Old style", 1, None, 11),
        Heading("Lower", 2, None, 17),
    ]


def test_headings_that_are_cut_between_pieces() -> None:
    text = _TEXT + "".join(f"# Part {number}\n\n{'word ' * 40}\n\n" for number in range(2000))
    document = piped(text.encode())
    assert read(document) == text
    lines = text.split("\n")
    assert len(document.outline) == 2004
    for heading in document.outline[4:]:
        assert lines[(heading.line or 0) - 1] == f"# {heading.title}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("---\ntitle: x\n---\n# A", [(4, "A", 1)]),
        ("#no\n####### no\n    # no\n# yes #", [(4, "yes", 1)]),
        ("one\ntwo\n===\n\n---\n", []),
        ("~~~~\n# no\n~~~\n# no\n~~~~\n# yes", [(6, "yes", 1)]),
    ],
)
def test_what_is_a_heading(text: str, found: list[tuple[int, str, int]]) -> None:
    assert headings(text.split("\n")) == found


def test_programs_and_comments_within_it() -> None:
    program = "x = 1\ny = 2\n"
    text = f"# Fares\n\n<!--\n{program}-->\n\nIt is `9`.\n\n```\n{program}```\n"
    assert piped(text.encode()).kind == "markdown"


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/sh\n# Make it\n\nset -e\n# Clean\nrm -r build\n\n# Build\nmake\n",
        "# Settings\n\nname = 1\nother = 2\n\n# More\n\nthird = 3\n",
        "import os\n\n# Paths\n\ndef f():\n    return 1\n\n# Rest\n\nclass A:\n    x = `1`\n",
        '"""Fares of `ferry` and `bus`."""\n\nclass Fare:\n    """A `Fare`.\n\n    Parameters\n'
        '    ----------\n    """\n\n# Days\n\n    def day(self):\n        return self.day\n',
        "# Fares of `ferry`\n\nset(FARE `9`)\nmessage(STATUS ${FARE})\n\n# Days\n\nendif()\n",
        "# Fares\n\nversion: 2\ndays:\n  - May\n\n# More\n\nfare: 9\n",
        "A text about # signs.\n\nNothing else.\n",
    ],
)
def test_programs_and_other_texts_are_none(text: str) -> None:
    document = piped(text.encode())
    assert (document.kind, read(document), document.outline) == ("text", text, [])

"""What a model thinks aloud goes to the stream where it is wanted, and is ended once."""

from __future__ import annotations

import pytest

from keydiff_cli.render.thoughts import thoughts_for

SHOWN = "<think>\none, two\n</think>\n\n"


@pytest.mark.parametrize(
    "think, answer, verbose, out, err",
    [
        (False, True, False, "", ""),
        (False, True, True, "", SHOWN),
        (True, True, False, SHOWN, ""),
        (True, True, True, SHOWN, ""),
        (True, False, False, "", ""),
        (True, False, True, "", SHOWN),
    ],
)
def test_where_thoughts_go(
    think: bool, answer: bool, verbose: bool, out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    thoughts = thoughts_for(think=think, answer=answer, verbose=verbose)
    for piece in ("\none,", " two"):
        thoughts.show(piece)
    thoughts.end()
    thoughts.end()
    assert capsys.readouterr() == (out, err)

"""``keydiff ask`` where the documents do not answer the question."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import Result, fails, run, story

from keydiff_cli.engine.support import Weights
from keydiff_cli.reading import preparation

Asked = Callable[..., Result]
ABSENT = "The document does not say.\n"


@pytest.fixture
def asked(tiny_path: Path, models_folder: Path, tmp_path: Path) -> Asked:
    """Ask about a story."""
    document = tmp_path / "story.txt"
    document.write_text(story(lines=20))
    words = ("ask", "--model", tiny_path, "--threads", 1, "--budget", 128, "--max-tokens", 4)

    def asked(*more: object) -> Result:
        return run(*words, document, *more, "Who is the mayor?", models=models_folder)

    return asked


@pytest.fixture
def nothing_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked, the model finds no answer."""
    weights = Weights(says=0.0, absent=0.0, least=0.0, bias=-30.0)
    monkeypatch.setattr(preparation, "_measured", lambda entry: ((), weights))


@pytest.mark.usefixtures("nothing_is_there")
def test_it_says_so_and_ends_by_what_was_asked_for(asked: Asked) -> None:
    said = asked()
    assert (said.status, said.out) == (0, ABSENT)
    assert "--absent note" in said.err
    assert "support: no" in said.err
    refused = asked("--min-support", "weak")
    assert (refused.status, refused.out) == (6, ABSENT)
    assert refused.err.splitlines()[-1] == (
        "keydiff: error: the documents support the answer less than asked for: no"
    )
    data = json.loads(asked("--json", "--absent", "note").out)
    assert data["supported"] == "no"
    assert data["support"] < 0.01
    assert data["warnings"] == [
        "the documents do not seem to answer this question",
        "the answer stopped after 4 tokens; it may be incomplete: --max-tokens 8 lets it be longer",
    ]


def test_where_it_is_not_known_nothing_is_said_of_it(asked: Asked) -> None:
    assert "support" not in asked().err
    refused = asked("--min-support", "weak")
    assert refused.status == 6
    assert "is not known" in refused.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--min-support", "weak", "--absent", "off"), "leave --absent off out"),
        (("--min-support", "weak", "--choices", "a,b"), "about answers in words"),
        (("--min-support", "no"), "yes"),
        (("--absent", "never"), "not one of say, note, off"),
    ],
)
def test_what_cannot_be_asked_for(asked: Asked, more: tuple[str, ...], why: str) -> None:
    refused = asked(*more)
    assert (refused.status, refused.out) == (2, "")
    assert why in refused.err


@pytest.mark.parametrize(
    ("model", "question", "message"),
    [
        ("smollm2-135m", "Who is the mayor?", "was not measured for smollm2-135m; use one of qwen"),
        ("qwen2.5-coder-0.5b", "Translate it.", "and this is none"),
    ],
)
def test_what_will_not_be_known_is_refused_before_reading(
    tmp_path: Path, model: str, question: str, message: str
) -> None:
    document = tmp_path / "story.txt"
    document.write_text(story())
    said = run("ask", "-m", model, "--min-support", "weak", document, question, models=tmp_path)
    assert message in fails(said, 2)

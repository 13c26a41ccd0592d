"""Models that think aloud: their thoughts are no part of an answer."""

from __future__ import annotations

import json
from pathlib import Path

import gguf_files
import pytest
from cli_helpers import Result, run

_TALK = "{% for message in messages %}{{ message.content }}\n{% endfor %}"
SWITCH = _TALK + "{% if enable_thinking %}<think>{% else %}<think>\n</think>\n{% endif %}"
ALWAYS = _TALK + "Answer: <think>\n"

# Lets the small model think where it may: it goes on as the turn before, of a template's own.
THINKER = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>user\nRed?<|im_end|>\n<|im_start|>assistant\n<think>red</think>Red.<|im_end|>\n"
    "<|im_start|>user\nBlack?<|im_end|>\n<|im_start|>assistant\n<think>"
    "{% if not enable_thinking %}</think>{% endif %}"
)


@pytest.fixture(scope="module")
def thinker(small_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small model with a template that lets it think."""
    path = tmp_path_factory.mktemp("thinker") / "thinker.gguf"
    path.write_bytes(gguf_files.with_template(small_path.read_bytes(), THINKER))
    return path


def asked(folder: Path, template: str, *words: str) -> Result:
    """Ask a model with this template, whose thought goes on and on."""
    model, document = folder / "m.gguf", folder / "a.txt"
    model.write_bytes(gguf_files.tiny(template=template))
    document.write_text("The key is under the mat. " * 10)
    bounds = ("--no-cache", "--max-tokens", "12")
    return run("ask", "-m", str(model), *bounds, *words, str(document), "Where is the key?")


def test_thinking_is_off_where_the_template_has_a_switch(tmp_path: Path) -> None:
    result = asked(tmp_path, SWITCH, "--json")
    report = json.loads(result.out)
    assert report["thinking"] == "" and report["answer"]
    result = asked(tmp_path, SWITCH, "--json", "--think")
    report = json.loads(result.out)
    assert report["thinking"] and report["answer"] == ""


def test_thought_that_is_cut_off(tmp_path: Path) -> None:
    result = asked(tmp_path, ALWAYS, "--quiet")
    assert (result.status, result.out.strip()) == (0, "")
    (line,) = result.err.splitlines()
    assert line.startswith(
        "keydiff: warning: the model was still thinking after 12 tokens and gave no answer;"
    )


@pytest.mark.parametrize("option, stream", [("--think", "out"), ("--verbose", "err")])
def test_thoughts_that_are_shown(tmp_path: Path, option: str, stream: str) -> None:
    result = asked(tmp_path, ALWAYS, option)
    thinking = json.loads(asked(tmp_path, ALWAYS, "--json").out)["thinking"]
    shown = {"out": result.out, "err": result.err}
    thought = shown.pop(stream).partition("<think>\n")[2].partition("\n</think>\n")[0]
    assert thought and thought == thinking.lstrip()
    assert "<think>" not in next(iter(shown.values()))


def test_an_answer_of_a_shape_has_no_thought_before_it(tmp_path: Path) -> None:
    result = asked(tmp_path, ALWAYS, "--choices", "mat,box", "--json")
    report = json.loads(result.out)
    assert report["thinking"] == "" and report["answer"] in ("mat", "box"), result.err


@pytest.mark.model
@pytest.mark.parametrize(
    "options, out",
    [
        ((), "Black.\n"),
        (("--think",), "<think>\nblack\n</think>\n\nBlack.\n"),
        (("--think", "--schema", '{"enum": ["Black.", "Red."]}'), "Black.\n"),
    ],
)
def test_a_thought_that_ends(thinker: Path, cat: Path, options: tuple[str, ...], out: str) -> None:
    done = run("ask", "-m", thinker, "--no-cache", "--quiet", *options, cat, "Which colour?")
    assert (done.status, done.out, done.err) == (0, out, "")


@pytest.mark.model
def test_a_thought_beside_the_report_and_in_a_chat(thinker: Path, cat: Path) -> None:
    words = ("-m", thinker, "--no-cache", "--think")
    done = run("ask", *words, "--json", "--verbose", cat, "Which colour?")
    report = json.loads(done.out)
    assert (report["thinking"], report["answer"]) == ("black", "Black.")
    assert "<think>\nblack\n</think>" in done.err
    chat = run("chat", *words, "--verbose", cat, stdin=b"Which colour?\nAnd now?\n")
    assert chat.out == "Black.\nBlack.\n"
    assert chat.err.count("<think>\nblack\n</think>") == 2

"""What ``keydiff ask`` refuses before a model is run: usage, documents, models; one line each."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from cli_helpers import ANSI_NAME, POSIX, fails, run
from gguf_files import bert, mamba, unknown
from pdf_files import encrypted, pdf
from process_helpers import on_terminal

posix = pytest.mark.skipif(not POSIX, reason="needs a pseudo-terminal")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("The cat is black.\n")
    return path


# Usage: 2 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("text.txt", ""), ("text.txt", " \n")])
def test_no_question(words: tuple[str, ...]) -> None:
    assert "no question" in fails(run("ask", *words), 2)


@posix
def test_question_without_document_or_pipe() -> None:
    status, _, other = on_terminal("ask", "What is it?", terminal="stdin")
    assert status == 2
    assert other.startswith("keydiff: error: no document")
    assert other.count("\n") == 1


def test_document_without_question(text: Path) -> None:
    message = fails(run("ask", text), 2)
    assert message.startswith("no question")
    assert text.name in message


@pytest.mark.parametrize(
    "option, value",
    [
        ("--memory", "lots"),
        ("--memory", "0"),
        ("--memory", "-1GB"),
        ("--memory", "9" * 400 + "GB"),
        ("--budget", "9" * 400),
        ("--max-tokens", "9" * 400),
        ("--budget", "0"),
        ("--block", "0"),
        ("--block", "100000"),
        ("--policy", "nonsense"),
        ("--kv-type", "f64"),
        ("--max-tokens", "0"),
        ("--temperature", "-1"),
        ("--temperature", "nan"),
        ("--seed", "-1"),
        ("--threads", "0"),
        ("--threads", "100000"),
    ],
)
def test_wrong_value(option: str, value: str, text: Path) -> None:
    message = fails(run("ask", f"{option}={value}", text, "What?"), 2)
    assert message.startswith(f"{option}: ")


@pytest.mark.parametrize(
    "name, value",
    [("BUDGET", "0"), ("BUDGET", "many"), ("MEMORY", "lots"), ("OFFLINE", "maybe")],
)
def test_wrong_value_in_the_environment_names_the_variable(
    name: str, value: str, text: Path
) -> None:
    message = fails(run("ask", text, "What?", **{f"KEYDIFF_{name}": value}), 2)
    assert message.startswith(f"KEYDIFF_{name}: ")


@pytest.mark.parametrize(
    "content, named",
    [
        (b"budget = 0\n", "budget"),
        (b"budget = 'many'\n", "budget"),
        (b"colour = 1\n", "colour"),
        (b"budget = [", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_wrong_configuration_file(content: bytes, named: str, text: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    message = fails(run("ask", text, "What?", KEYDIFF_CONFIG=str(path)), 2)
    assert message.startswith(f"{path}: ")
    assert named in message


def test_missing_configuration_file(text: Path, tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert str(missing) in fails(run("ask", text, "What?", KEYDIFF_CONFIG=str(missing)), 2)


def test_a_forgotten_question_is_noticed(text: Path, tmp_path: Path) -> None:
    """The last file would be taken for the question, and never be read."""
    message = fails(run("ask", text, text, stdin=b"A pipe."), 2)
    assert message.startswith("no question")
    assert "no question" in fails(run("ask", text, tmp_path), 2)


def test_standard_input_named_twice() -> None:
    assert "only once" in fails(run("ask", "-", "-", "What?"), 2)


# Documents: 3, found before a model is looked for --------------------------------------------


def zipped(data: bytes) -> bytes:
    """A zip archive of one member."""
    with io.BytesIO() as file:
        with ZipFile(file, "w") as archive:
            archive.writestr("notes.dat", data)
        return file.getvalue()


PDF = pdf(["Some text.", "More text."])
DOCUMENTS: dict[str, tuple[bytes, str]] = {
    "empty.txt": (b"", "is empty"),
    "binary.dat": (bytes(range(256)) * 20, "binary data"),
    "archive.zip": (zipped(b"Some text."), "zip archive"),
    "cut.zip": (zipped(b"Some text.")[:-9], "damaged or cut short"),
    "encrypted.pdf": (encrypted(PDF, "secret"), "password"),
    "truncated.pdf": (PDF[: len(PDF) // 2], "damaged or cut short"),
    "damaged.pdf": (b"%PDF-1.4\n" + b"garbage " * 100, "damaged or cut short"),
    ANSI_NAME: (b"", "is empty"),
}


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if POSIX or name != ANSI_NAME])
def test_unreadable_document(name: str, tmp_path: Path) -> None:
    content, problem = DOCUMENTS[name]
    (tmp_path / name).write_bytes(content)
    message = fails(run("ask", tmp_path / name, "What?"), 3)
    assert problem in message
    assert message.isprintable()
    assert message.startswith(name[0])


def test_missing_document(tmp_path: Path) -> None:
    assert "there is no such file" in fails(run("ask", tmp_path / "none.txt", "What?"), 3)


def test_folder_as_document(tmp_path: Path) -> None:
    assert "is a folder" in fails(run("ask", tmp_path, "What?"), 3)


def test_second_document_is_checked_too(text: Path) -> None:
    assert "there is no such file" in fails(run("ask", text, "none.txt", "What?"), 3)


@posix
def test_terminal_shows_no_escapes_of_a_name() -> None:
    status, shown, _ = on_terminal("ask", ANSI_NAME, "What?", terminal="stderr")
    assert status == 3
    assert shown.startswith("keydiff: error: ")
    assert shown.strip().isprintable()


# Models: 4 -----------------------------------------------------------------------------------


def test_unknown_model_is_named_with_the_known_ones(text: Path) -> None:
    message = fails(run("ask", "--model", "smolm2-135m", text, "What?"), 4)
    assert "did you mean smollm2-135m?" in message


def test_model_that_is_not_here_offline(text: Path, tmp_path: Path) -> None:
    message = fails(run("ask", "--offline", text, "What?", models=tmp_path), 4)
    assert "keydiff models pull qwen2.5-coder-1.5b" in message


def test_missing_model_file(text: Path, tmp_path: Path) -> None:
    message = fails(run("ask", "--model", tmp_path / "none.gguf", text, "What?"), 4)
    assert "there is no model file" in message


def test_folder_as_model(text: Path, tmp_path: Path) -> None:
    assert "is a folder" in fails(run("ask", "--model", f"{tmp_path}{os.sep}", text, "What?"), 4)


MODELS: dict[str, tuple[Callable[[], bytes], str]] = {
    "text": (lambda: b"no model at all", "is not a GGUF file"),
    "empty": (lambda: b"", "is not a GGUF file"),
    "only-magic": (lambda: b"GGUF", "cannot be loaded"),
    "corrupted": (lambda: mamba()[:24] + bytes(range(256)) * 9, "cannot be loaded"),
    "truncated": (lambda: mamba()[:200], "cannot be loaded"),
    "cut-tensors": (lambda: mamba()[:-64], "cannot be loaded"),
    "mamba": (mamba, "recurrent"),
    "bert": (bert, "not a generative model"),
    "no-layers": (lambda: mamba(layers=0), "it names 0 layers"),
    "many-layers": (lambda: mamba(layers=10_000), "it names 10000 layers"),
    "unknown": (lambda: unknown("odd\x1b[31m\nkind"), "unknown model architecture"),
}


@pytest.mark.parametrize("name", MODELS)
def test_unusable_model(name: str, text: Path, tmp_path: Path) -> None:
    make, problem = MODELS[name]
    path = tmp_path / f"{name}.gguf"
    path.write_bytes(make())
    message = fails(run("ask", "--model", path, text, "What?"), 4)
    assert problem in message
    assert path.name in message
    assert message.isprintable()


def test_damaged_installed_model(text: Path, tmp_path: Path) -> None:
    (tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(mamba())
    message = fails(run("ask", "--model", "smollm2-135m", text, "What?", models=tmp_path), 4)
    assert "checksum" in message
    assert "keydiff models pull smollm2-135m" in message

"""``keydiff ask`` and ``plan`` with the small model: answers, the JSON object, inputs, memory."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import SMALL, Result, fails, parse, run, story
from pdf_files import pdf

pytestmark = pytest.mark.model

Ask = Callable[..., Result]
BOUNDS = ("--budget", 128, "--block", 64)
QUESTION = "What is the name of the cat?"
CAT = "The cat of the harbour master is black. Its name is Pepper.\n"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def ask(small_path: Path, models_folder: Path) -> Ask:
    def run_ask(*words: object, **more: Any) -> Result:
        return run("ask", "--model", SMALL, *BOUNDS, *words, models=models_folder, **more)

    return run_ask


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "cat.txt").write_text(CAT)
    (folder / "story.txt").write_text(story(lines=8))
    (folder / "long.txt").write_text(story(lines=60))
    return folder


@pytest.fixture(scope="module")
def plain(ask: Ask, folder: Path) -> Result:
    return ask("--max-tokens", 6, folder / "story.txt", "What is it?")


@pytest.fixture(scope="module")
def report(ask: Ask, folder: Path) -> dict[str, Any]:
    return parse(ask("--json", "--max-tokens", 6, folder / "story.txt", "What is it?"))


# The answer ----------------------------------------------------------------------------------


def test_answer_is_alone_on_stdout(plain: Result) -> None:
    assert plain.status == 0
    assert plain.out.strip()
    assert plain.out.endswith("\n")
    assert "keydiff" not in plain.out
    first, *_, last = plain.err.splitlines()
    assert re.fullmatch(
        rf"keydiff: {SMALL}, focus with a budget of 128 tokens, [\d.]+ MB planned", first
    )
    assert re.fullmatch(
        r"keydiff: read \d+ tokens, kept 128, generated 6 in [\d.]+ s, peak memory [\d.]+ MB", last
    )


def test_same_command_gives_the_same_answer(plain: Result, report: dict[str, Any]) -> None:
    assert report["answer"].rstrip("\n") == plain.out.rstrip("\n")


def test_stopped_by_length_is_warned_of(plain: Result, report: dict[str, Any]) -> None:
    assert report["stop_reason"] == "length"
    assert report["tokens"]["generated"] == 6
    (warning,) = plain.warnings
    assert "--max-tokens 6" in warning
    assert report["warnings"] == [warning]


def test_json_describes_model_document_and_cache(
    report: dict[str, Any], folder: Path, small_path: Path
) -> None:
    assert report["model"] == {
        "name": SMALL,
        "path": str(small_path),
        "sha256": sha256(small_path),
        "architecture": "llama",
        "trained_context": 8192,
        "gpu_layers": 0,
    }
    (document,) = report["documents"]
    path = folder / "story.txt"
    assert document["name"] == "story.txt"
    assert (document["kind"], document["pages"]) == ("text", None)
    assert document["characters"] == len(path.read_text())
    assert document["sha256"] == sha256(path)
    cache = report["cache"]
    assert (cache["policy"], cache["kv_type"]) == ("focus", "f16")
    assert (cache["budget"], cache["block"]) == (128, 64)
    assert report["tokens"]["document"] > report["tokens"]["kept"] == 128
    assert report["memory_bytes"]["cap"] is None


@pytest.mark.parametrize("policy", ["keydiff", "keydiff-token", "window", "full", "h2o:recent=0"])
def test_policy(policy: str, ask: Ask, folder: Path) -> None:
    bounds = () if policy == "full" else BOUNDS
    words = ("--json", "--policy", policy, "--max-tokens", 3, *bounds)
    found = parse(ask(*words, folder / "story.txt", "What is it?"))
    assert found["cache"]["policy"] == policy
    assert found["answer"]
    read, kept = found["tokens"]["document"], found["tokens"]["kept"]
    assert kept == (read if policy == "full" else 128)
    assert any("does not apply" in warning for warning in found["warnings"]) == (policy == "full")


def test_quantised_cache_is_about_half_as_large(
    ask: Ask, folder: Path, report: dict[str, Any]
) -> None:
    words = ("--json", "--kv-type", "q8_0", "--max-tokens", 3)
    found = parse(ask(*words, folder / "story.txt", "What is it?"))
    assert found["cache"]["kv_type"] == "q8_0"
    assert found["tokens"]["kept"] == 128
    assert 0.5 < found["cache"]["bytes"] / report["cache"]["bytes"] < 0.56


@pytest.mark.parametrize("block", [1, 7, 2048])
def test_any_block_size_reads_the_document(block: int, ask: Ask, folder: Path) -> None:
    words = ("--json", "--block", block, "--max-tokens", 3)
    assert parse(ask(*words, folder / "cat.txt", QUESTION))["cache"]["block"] == block


def test_seed_decides_what_is_sampled(ask: Ask, folder: Path) -> None:
    def sample(seed: int) -> str:
        words = ("--temperature", 1, "--seed", seed, "--max-tokens", 12)
        result = ask(*words, folder / "cat.txt", "Tell me a story.")
        assert result.status == 0
        return result.out

    first = sample(7)
    assert sample(7) == first
    assert sample(8) != first


def test_quiet_shows_warnings_only(ask: Ask, folder: Path) -> None:
    done = ask("--quiet", "--max-tokens", 300, folder / "cat.txt", QUESTION)
    assert (done.status, done.err) == (0, "")
    assert done.out.strip()
    cut = ask("--quiet", "--max-tokens", 1, folder / "cat.txt", QUESTION)
    assert cut.status == 0
    assert cut.err.splitlines() == [f"keydiff: warning: {warning}" for warning in cut.warnings]


def test_stats_and_log_go_to_stderr(ask: Ask, folder: Path) -> None:
    result = ask("--stats", "-v", "--max-tokens", 2, folder / "cat.txt", QUESTION)
    assert result.status == 0
    assert result.out.count("\n") == 1
    assert "reading, tokens/s" in result.err
    assert "llama_model_loader" in result.err


# Inputs --------------------------------------------------------------------------------------


def test_documents_of_every_kind_in_the_order_given(ask: Ask, folder: Path) -> None:
    utf16 = "Grüße vom Hafen: 5 € für die Überfahrt.\n"
    (folder / "utf16.txt").write_bytes(utf16.encode("utf-16"))
    (folder / "pages.pdf").write_bytes(pdf(["The first page.", "The second page.", None]))
    piped = b"Piped text.\n"
    words = (folder / "pages.pdf", "-", folder / "utf16.txt", folder / "cat.txt", QUESTION)
    found = parse(ask("--json", "--max-tokens", 3, *words, stdin=piped))
    documents = found["documents"]
    assert [(each["name"], each["kind"], each["pages"]) for each in documents] == [
        ("pages.pdf", "pdf", 3),
        ("standard input", "text", None),
        ("utf16.txt", "text", None),
        ("cat.txt", "text", None),
    ]
    assert [each["characters"] for each in documents][1:] == [12, len(utf16), len(CAT)]
    assert documents[1]["sha256"] == hashlib.sha256(piped).hexdigest()
    for each, name in zip(documents, ("pages.pdf", None, "utf16.txt", "cat.txt"), strict=True):
        assert name is None or each["sha256"] == sha256(folder / name)
    assert any("page 3 of pages.pdf has no text" in warning for warning in found["warnings"])


@pytest.mark.parametrize("kind, pages", [("text", None), ("pdf", 2)])
def test_pipe(kind: str, pages: int | None, ask: Ask) -> None:
    data = CAT.encode() if kind == "text" else pdf([CAT, "The end."])
    found = parse(ask("--json", "--max-tokens", 3, QUESTION, stdin=data))
    (document,) = found["documents"]
    assert (document["name"], document["kind"]) == ("standard input", kind)
    assert document["pages"] == pages
    assert document["sha256"] == hashlib.sha256(data).hexdigest()


def test_template_tokens_in_document_and_question_are_plain_text(ask: Ask, folder: Path) -> None:
    def tokens(document: str, question: str) -> dict[str, int]:
        path = folder / "hostile.txt"
        path.write_text(document)
        return parse(ask("--json", "--max-tokens", 3, path, question))["tokens"]  # type: ignore[no-any-return]

    escapes = "\x1b[31mred\x1b[0m \x1b]0;title\x07\x9b1m\n"
    usual = tokens(CAT + escapes, QUESTION)
    hostile = tokens(CAT + escapes + "<|im_end|>" * 5, QUESTION + "<|im_end|>")
    assert hostile["document"] - usual["document"] > 2 * 5
    assert hostile["prompt"] - usual["prompt"] > 2


@pytest.mark.parametrize(
    "content, problem",
    [
        (b" \n\t\n", "only white space"),
        (pdf([None, None]), "OCR"),
        (b"", "is empty"),
        (bytes(range(256)) * 9, "binary data"),
    ],
)
@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
def test_nothing_to_read(
    content: bytes, problem: str, piped: bool, ask: Ask, tmp_path: Path
) -> None:
    path = tmp_path / "document"
    path.write_bytes(content)
    result = ask("What?", stdin=content) if piped else ask(path, "What?")
    assert problem in fails(result, 3)


def test_question_too_long_for_a_small_cap_is_no_crash(ask: Ask, folder: Path) -> None:
    result = ask("--memory", "300MB", folder / "cat.txt", story(lines=80))
    assert "smallest cap that works" in fails(result, 5)


def test_truncated_model(small_path: Path, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.gguf"
    data = small_path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    message = fails(run("ask", "--model", path, folder / "cat.txt", QUESTION), 4)
    assert "cannot be loaded" in message


def test_model_given_as_a_path(small_path: Path, folder: Path, tmp_path: Path) -> None:
    words = ("--model", small_path, "--json", "--max-tokens", 2, folder / "cat.txt", QUESTION)
    found = parse(run("ask", *words, XDG_CACHE_HOME=str(tmp_path)))
    assert found["model"]["name"] == small_path.name
    assert found["model"]["sha256"] == sha256(small_path)


# Memory --------------------------------------------------------------------------------------


def smallest_cap(result: Result) -> str:
    match = re.search(r"the smallest cap that works is (\d+MB)", fails(result, 5))
    assert match
    return match.group(1)


@pytest.mark.parametrize(
    "words",
    [
        ("--memory", "150MB", "cat.txt"),
        ("--memory", "290MB", "--policy", "full", "long.txt"),
    ],
    ids=["keydiff", "full"],
)
def test_the_cap_that_the_message_names_works(
    words: tuple[str, ...], small_path: Path, models_folder: Path, folder: Path
) -> None:
    def ask(*more: str) -> Result:
        start = ("ask", "--model", SMALL, "--json", "--max-tokens", 3)
        return run(*start, *words, *more, QUESTION, models=models_folder, cwd=folder)

    named = smallest_cap(ask())
    memory = parse(ask("--memory", named))["memory_bytes"]
    assert memory["cap"] == int(named.removesuffix("MB")) * 10**6
    assert memory["peak"] <= memory["planned"] <= memory["cap"]


def test_a_small_document_needs_no_large_budget(
    small_path: Path, models_folder: Path, folder: Path
) -> None:
    words = ("ask", "--model", SMALL, "--json", "--max-tokens", 3, "--budget", 1_000_000)
    result = run(*words, "--memory", "300MB", "cat.txt", QUESTION, models=models_folder, cwd=folder)
    report = parse(result)
    assert report["cache"]["budget"] <= 256
    assert report["memory_bytes"]["peak"] <= 300_000_000


def test_plan(small_path: Path, models_folder: Path) -> None:
    def plan(*words: object) -> Result:
        return run("plan", "--model", SMALL, *words, models=models_folder)

    result = plan("--json", "--memory", "400MB")
    assert (result.status, result.err) == (0, "")
    values = json.loads(result.out)
    sizes = [values[f"{part}_bytes"] for part in ("weights", "kv", "compute", "other")]
    assert values["model"] == SMALL
    assert values["trained_context"] == 8192
    assert sum(sizes) == values["planned_bytes"] <= values["cap_bytes"] == 400_000_000
    assert 256 < values["budget"] < values["cells"]
    wordy = json.loads(plan("--json", "--memory", "400MB", "--system", "Be brief. " * 200).out)
    assert wordy["budget"] < values["budget"]
    full = json.loads(plan("--json", "--memory", "400MB", "--policy", "full").out)
    assert (full["policy"], full["cap_bytes"]) == ("full", 400_000_000)
    table = plan("--memory", "400MB")
    assert (table.status, table.err) == (0, "")
    assert "400 MB" in table.out
    assert smallest_cap(plan("--memory", "150MB"))


def test_models_path_and_pull_of_an_installed_model(small_path: Path, models_folder: Path) -> None:
    found = run("models", "path", SMALL, models=models_folder)
    assert (found.status, found.out, found.err) == (0, f"{small_path}\n", "")
    pulled = run("models", "pull", SMALL, models=models_folder)
    assert (pulled.status, pulled.out) == (0, f"{small_path}\n")
    assert "already installed" in pulled.err

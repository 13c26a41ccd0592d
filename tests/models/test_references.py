"""References to models on the hub, and addresses of its pages."""

from __future__ import annotations

import pytest

from keydiff_cli.errors import ModelError
from keydiff_cli.models.references import HubReference, hub_reference, is_safe

REPO = "Qwen/Qwen3-4B-GGUF"
FILE = "Qwen3-4B-Q4_K_M.gguf"
PAGE = f"https://huggingface.co/{REPO}"


@pytest.mark.parametrize(
    "text, expected",
    [
        (f"hf:{REPO}", HubReference(REPO)),
        (f"hf:{REPO}:q8_0", HubReference(REPO, None, "q8_0")),
        (f"hf:{REPO}/{FILE}", HubReference(REPO, FILE)),
        (f"hf:{REPO}/Q4_K_M/{FILE}", HubReference(REPO, f"Q4_K_M/{FILE}")),
        (f"hf:{REPO}@v2:Q8_0", HubReference(REPO, None, "Q8_0", "v2")),
        (f"hf:{REPO}@v2/{FILE}", HubReference(REPO, FILE, None, "v2")),
        (PAGE, HubReference(REPO)),
        (f"{PAGE}/", HubReference(REPO)),
        (f"{PAGE}/tree/main", HubReference(REPO)),
        (f"{PAGE}/blob/main/{FILE}", HubReference(REPO, FILE)),
        (
            f"{PAGE}/resolve/v2/sub/{FILE}?download=true",
            HubReference(REPO, f"sub/{FILE}", None, "v2"),
        ),
        (f"{PAGE}?show_file_info={FILE}", HubReference(REPO, FILE)),
        (f"{PAGE}/tree/main?show_file_info=sub%2F{FILE}", HubReference(REPO, f"sub/{FILE}")),
        (f"https://hf.co/{REPO}", HubReference(REPO)),
    ],
)
def test_forms(text: str, expected: HubReference) -> None:
    assert hub_reference(text) == expected
    assert hub_reference(str(expected)) == expected


@pytest.mark.parametrize("text", ["qwen3-4b", "./hf/x.gguf", "ollama:qwen3", "/a/b.gguf"])
def test_other_texts(text: str) -> None:
    assert hub_reference(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "hf:",
        "hf:owner",
        "hf:owner/",
        "hf:../../etc",
        f"hf:{REPO}/model.safetensors",
        f"hf:{REPO}/../../x.gguf",
        f"{PAGE}/blob/main/README.md",
        "https://huggingface.co/",
        "https://example.org/owner/name/x.gguf",
    ],
)
def test_what_is_meant_as_one_and_is_none(text: str) -> None:
    with pytest.raises(ModelError) as caught:
        hub_reference(text)
    assert "hf:OWNER/REPO" in str(caught.value) and "\n" not in str(caught.value)


def test_page_of_a_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    assert hub_reference(f"https://mirror.example/{REPO}") == HubReference(REPO)


def test_files_that_would_lie_outside() -> None:
    assert is_safe("a/b.gguf")
    for file in ("/a.gguf", "a//b.gguf", "../a.gguf", "a\\b.gguf", "c:a.gguf", "a\n.gguf", "./a"):
        assert not is_safe(file)

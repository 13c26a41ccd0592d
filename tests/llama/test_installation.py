"""What the installed llama.cpp can do."""

from __future__ import annotations

import pytest

from keydiff_cli.llama import API_VERSION, find_installation, installation
from keydiff_cli.llama.library import library


@pytest.mark.parametrize(
    ("api", "tensors", "access"),
    [
        (API_VERSION, True, "native"),
        (API_VERSION, False, "native"),
        (API_VERSION + 1, True, "direct"),
        (None, True, "direct"),
        (None, False, "copy"),
    ],
)
def test_the_access_is_the_best_that_the_build_offers(
    api: int | None, tensors: bool, access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A native interface of another version is none."""
    monkeypatch.setattr(installation, "api_version", lambda: api)
    monkeypatch.setattr(installation, "can_find_tensors", lambda: tensors)
    monkeypatch.setattr(installation, "can_observe", lambda: tensors)
    here = find_installation()
    assert (here.access, here.api, here.observes) == (access, api, tensors)


def test_the_library_says_what_it_was_built_for(monkeypatch: pytest.MonkeyPatch) -> None:
    said = b"CUDA : ARCHS = 900 | CPU : SSE3 = 1 | AVX2 = 1 | REPACK = 1 | "
    monkeypatch.setattr(library(), "llama_print_system_info", lambda: said)
    here = find_installation()
    assert here.features == ["CUDA", "ARCHS", "CPU", "SSE3", "AVX2", "REPACK"]
    assert any("llama" in path.name for path in here.path.iterdir())
    assert here.devices[0].name == "CPU"

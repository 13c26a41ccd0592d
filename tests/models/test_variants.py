"""Which models there are among files, and which of them is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from keydiff_cli.errors import ModelError
from keydiff_cli.models.variants import PREFERENCE, Variant, choose, parts_of, quant_of, variants_of

SPLIT = [f"big-Q8_0-0000{number}-of-00003.gguf" for number in (1, 2, 3)]


@pytest.mark.parametrize(
    "name, quant",
    [
        ("Qwen3-4B-Q4_K_M.gguf", "Q4_K_M"),
        ("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "Q4_K_M"),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "Q4_1"),
        ("x-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("x.i1-IQ3_XXS.gguf", "IQ3_XXS"),
        ("gpt-oss-20b-MXFP4.gguf", "MXFP4"),
        ("x-BF16-00001-of-00002.gguf", "BF16"),
        ("x-f16.gguf", "F16"),
        ("model.gguf", None),
        ("Q4all.gguf", None),
    ],
)
def test_quantisation_in_a_name(name: str, quant: str | None) -> None:
    assert quant_of(name) == quant


def test_models_among_files() -> None:
    files = ["README.md", "x-Q4_0.gguf", "mmproj-x-f16.gguf", "x.imatrix.gguf", "q/y-Q8_0.gguf"]
    assert variants_of([*files, *SPLIT[::-1]]) == [
        Variant(tuple(SPLIT)),
        Variant(("q/y-Q8_0.gguf",)),
        Variant(("x-Q4_0.gguf",)),
    ]
    assert variants_of(SPLIT[1:]) == [Variant(tuple(SPLIT[1:]), 1)]


def test_order_of_preference() -> None:
    every = variants_of([f"x-{quant}.gguf" for quant in reversed(PREFERENCE)])
    for quant in PREFERENCE:
        assert choose(every, "hf:a/b").quant == quant
        every = [variant for variant in every if variant.quant != quant]
    assert choose(variants_of(["x-Q2_K.gguf"]), "hf:a/b").first == "x-Q2_K.gguf"


def test_named_quantisation_and_file() -> None:
    every = variants_of(["x-Q4_K_M.gguf", *SPLIT])
    assert choose(every, "hf:a/b", quant="q8_0").files == tuple(SPLIT)
    assert choose(every, "hf:a/b", file=SPLIT[2]).files == tuple(SPLIT)


@pytest.mark.parametrize(
    "files, asked, message",
    [
        (["x-Q4_K_M.gguf"], {"quant": "Q3_K"}, "hf:a/b has no Q3_K: it has Q4_K_M"),
        (["x-Q4_K_M.gguf"], {"file": "y.gguf"}, "hf:a/b has no model y.gguf: it has x-Q4_K_M.gguf"),
        (["x-Q2_K.gguf", "x-Q3_K_S.gguf"], {}, "give the file of one: x-Q2_K.gguf, x-Q3_K_S.gguf"),
        (["x-Q4_0.gguf", "y-Q4_0.gguf"], {}, "give the file of one: x-Q4_0.gguf, y-Q4_0.gguf"),
        (["mmproj-f16.gguf", "config.json"], {}, "hf:a/b has no model in the GGUF format"),
        ([f"x{i}-Q4_0.gguf" for i in range(20)], {"quant": "Q8_0"}, "it has Q4_0"),
    ],
)
def test_nothing_fits(files: list[str], asked: dict[str, str], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        choose(variants_of(files), "hf:a/b", **asked)
    assert message in str(caught.value)


def test_parts_of_a_split_file(tmp_path: Path) -> None:
    assert parts_of(tmp_path / "x.gguf") == (tmp_path / "x.gguf",)
    for name in SPLIT:
        (tmp_path / name).touch()
    every = tuple(tmp_path / name for name in SPLIT)
    assert parts_of(every[0]) == parts_of(every[2]) == every
    every[1].unlink()
    with pytest.raises(ModelError, match=f"its part {SPLIT[1]} is not there"):
        parts_of(every[0])

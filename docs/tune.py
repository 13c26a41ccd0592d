"""Measures what llama.cpp's settings do to reading and decoding, one JSON line each, on stdout.

    python docs/tune.py > docs/figures/tune.jsonl
    python docs/tune.py --library DIR --turns 24   # the installed llama.cpp and that in a folder

Plain llama.cpp with the full cache: with 1,024 tokens of the sample document in it, 512 are read
in blocks and 32 are decoded. Settings differ from the defaults in one or two fields, have a process
each, and take turns, so that they meet the same machine. Figures are medians over the turns; ratios
are those to the defaults in the same turn. Other quantisations are made from the default model,
which shows their speed and nothing about answers.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from ctypes import byref
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import llama_cpp
from measuring import LARGE, SAMPLE, machine, model_path, show

from keydiff_cli.system.machine import physical_cores

DEPTH, READ, DECODED = 1024, 512, 32
TYPES = {  # of the tensors of most layers
    "Q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
    "Q6_K": llama_cpp.LLAMA_FTYPE_MOSTLY_Q6_K,
    "Q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
}


@dataclass(frozen=True)
class Setting:
    quantisation: str = "Q4_K_M"
    repack: bool = False
    threads: int = 1
    block: int = 128
    flash: bool = True
    wait: str | None = None  # OMP_WAIT_POLICY
    library: str | None = None  # folder of another llama.cpp


class Engine:
    """A model and a context of a setting, with ``DEPTH`` tokens read."""

    def __init__(self, path: Path, setting: Setting) -> None:
        loading = llama_cpp.llama_model_default_params()
        loading.n_gpu_layers = 0
        loading.use_extra_bufts = setting.repack
        model = llama_cpp.llama_model_load_from_file(str(path).encode(), loading)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = DEPTH + READ + DECODED
        params.n_batch = params.n_ubatch = setting.block
        params.n_threads = params.n_threads_batch = setting.threads
        params.flash_attn_type = int(setting.flash)
        if not model or not (context := llama_cpp.llama_init_from_model(model, params)):
            raise SystemExit(f"llama.cpp cannot set up {setting}")
        self.model, self.context, self.block = model, context, setting.block
        text = SAMPLE.read_bytes()
        tokens = (llama_cpp.llama_token * len(text))()
        vocabulary = llama_cpp.llama_model_get_vocab(model)
        count = llama_cpp.llama_tokenize(
            vocabulary, text, len(text), tokens, len(text), True, False
        )
        self.tokens = tokens[:count]
        self.decode(0, DEPTH, self.block)

    def decode(self, start: int, stop: int, block: int) -> float:
        """Tokens per second of a part of the text."""
        began = time.perf_counter()
        for first in range(start, stop, block):
            part = self.tokens[first : min(first + block, stop)]
            array = (llama_cpp.llama_token * len(part))(*part)  # the batch points to it
            batch = llama_cpp.llama_batch_get_one(array, len(part))
            if status := llama_cpp.llama_decode(self.context, batch):
                raise SystemExit(f"llama.cpp cannot decode tokens {first} on: {status}")
        return (stop - start) / (time.perf_counter() - began)

    def measure(self) -> tuple[float, float]:
        """Tokens per second, reading and decoding."""
        memory = llama_cpp.llama_get_memory(self.context)
        llama_cpp.llama_memory_seq_rm(memory, 0, DEPTH, -1)
        middle, end = DEPTH + READ, DEPTH + READ + DECODED
        return self.decode(DEPTH, middle, self.block), self.decode(middle, end, 1)


class Run:
    """An engine in a process of its own."""

    def __init__(self, path: Path, setting: Setting) -> None:
        names = {"OMP_WAIT_POLICY": setting.wait, "LLAMA_CPP_LIB_PATH": setting.library}
        asked = {**os.environ, **names}
        environment = {name: value for name, value in asked.items() if value is not None}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve", str(path), json.dumps(asdict(setting))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.read()  # it is ready

    def read(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(1)
        return json.loads(line)

    def measure(self) -> tuple[float, float]:
        assert self.process.stdin is not None
        print(file=self.process.stdin, flush=True)
        reading, decoding = self.read()
        return reading, decoding


def serve(path: Path, setting: Setting) -> None:
    """Measure once for every line of stdin."""
    llama_cpp.llama_backend_init()
    engine = Engine(path, setting)
    print("true", flush=True)
    for _ in sys.stdin:
        print(json.dumps(engine.measure()), flush=True)


def settings(cores: int, library: str | None) -> list[Setting]:
    default = Setting(threads=cores)
    if library is not None:
        return [default, replace(default, library=library)]
    threads = {1, cores, os.cpu_count() or cores} - {cores}
    return [
        default,
        *(replace(default, threads=n) for n in sorted(threads)),
        *(replace(default, block=n) for n in (32, 64, 256, 512)),
        replace(default, flash=False),
        replace(default, wait="passive"),
        *(replace(default, quantisation=name) for name in TYPES),
        replace(default, repack=True),
        replace(default, quantisation="Q4_0", repack=True),
    ]


def requantise(path: Path, names: set[str], folder: Path) -> dict[str, Path]:
    """The default model in some quantisations."""
    paths = {Setting.quantisation: path}
    for name in sorted(names - set(paths)):
        params = llama_cpp.llama_model_quantize_default_params()
        params.ftype, params.allow_requantize = TYPES[name], True
        paths[name] = folder / f"{name}.gguf"
        if llama_cpp.llama_model_quantize(
            str(path).encode(), str(paths[name]).encode(), byref(params)
        ):
            raise SystemExit(f"llama.cpp cannot quantise to {name}")
    return paths


def compare(turns: int, library: str | None) -> None:
    tried = settings(physical_cores(), library)
    with tempfile.TemporaryDirectory() as folder:
        paths = requantise(model_path(LARGE), {each.quantisation for each in tried}, Path(folder))
        runs = [Run(paths[setting.quantisation], setting) for setting in tried]
        figures = []
        for turn in range(turns):
            order = list(enumerate(runs))[:: 1 if turn % 2 == 0 else -1]  # no place is better
            figures.append({number: run.measure() for number, run in order})
        for run in runs:
            run.process.communicate()
    for number, setting in enumerate(tried):
        rates = [turn[number] for turn in figures]
        ratios = [(turn[number][0] / turn[0][0], turn[number][1] / turn[0][1]) for turn in figures]
        show(
            figure="tune",
            model=LARGE,
            **{**asdict(setting), "library": "installed" if setting.library is None else "other"},
            read_tokens_per_s=round(median(a for a, _ in rates), 1),
            decode_tokens_per_s=round(median(b for _, b in rates), 2),
            read_ratio=round(median(a for a, _ in ratios), 3),
            read_ratios=[round(a, 3) for a, _ in ratios],
            decode_ratio=round(median(b for _, b in ratios), 3),
            decode_ratios=[round(b, 3) for _, b in ratios],
        )


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def quiet(level: int, text: bytes, data: Any) -> None:
    """Nothing of what llama.cpp logs."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--library", metavar="DIR", help="folder with another libllama")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    llama_cpp.llama_log_set(quiet, None)
    if options.serve:
        path, setting = options.serve
        serve(Path(path), Setting(**json.loads(setting)))
    else:
        show(figure="machine", **machine())
        compare(options.turns, options.library)


if __name__ == "__main__":
    main()

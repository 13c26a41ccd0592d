"""What the measurements of docs/ share: the models, the sample, the machine, and lines of JSON."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in keydiff_cli/__main__.py

from keydiff_cli.reading.preparation import locate_model
from keydiff_cli.report import Events
from keydiff_cli.settings.config import Settings
from keydiff_cli.system.machine import physical_cores, physical_memory, processor

SAMPLE = Path(__file__).parent / "sample" / "harbour-report.txt"
LARGE, SMALL = "qwen2.5-coder-1.5b", "smollm2-135m"


def show(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def machine() -> dict[str, Any]:
    return {
        "cpu": processor(),
        "cores": physical_cores(),
        "memory": physical_memory(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "llama_cpp_python": version("llama-cpp-python"),
    }


def model_path(name: str) -> Path:
    """The file of a model of the catalogue, fetched if it is missing."""
    return locate_model(Settings(model=name), Events()).path

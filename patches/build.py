"""Builds and installs the patched llama-cpp-python, like ``keydiff build-llama``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from keydiff_cli.__main__ import main

sys.argv[1:1] = ["build-llama"]
main()

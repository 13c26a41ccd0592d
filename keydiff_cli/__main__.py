"""Entry point of the ``keydiff`` command."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command line."""
    # NumPy's BLAS would start threads of its own beside the ones that score; they would only
    # take memory. Must be set before NumPy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # llama.cpp's threads wait for each other without burning the core they wait on, so that two
    # runs at once, or a run beside other work, do not slow each other many times over.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from keydiff_cli.cli import app

    app()


if __name__ == "__main__":
    main()

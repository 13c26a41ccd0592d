"""Entry point of the ``keydiff`` command."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command line."""
    # NumPy's BLAS would start threads of its own beside the ones that score; they would only
    # take memory. Must be set before NumPy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from keydiff_cli.cli import app

    app()


if __name__ == "__main__":
    main()

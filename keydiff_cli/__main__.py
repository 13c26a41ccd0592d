"""Entry point of the ``keydiff`` command."""

from __future__ import annotations

import io
import os
import signal
import sys


def main() -> None:
    """Run the command line."""
    # NumPy's BLAS would start threads of its own, beside those of llama.cpp that wait for work:
    # they take memory and make nothing faster. Must be set before NumPy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.stdout is None:  # closed: an answer would be lost
        sys.exit("keydiff: error: standard output is closed; send it to /dev/null instead")
    for name, mode in (("stdin", "r"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed, as a daemon has it
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Pipes carry UTF-8 everywhere; a terminal shows what it can.
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
    if "_KEYDIFF_COMPLETE" in os.environ:
        from keydiff_cli.completion.shells import completed

        if completed():
            return
    from keydiff_cli.system.as_found import handle_signals, undo_all

    handle_signals()
    try:
        _allow_open_files()
        from keydiff_cli.cli import app

        app()
    except KeyboardInterrupt:  # before any command has begun
        from keydiff_cli.system.terminal import complain

        complain("error: interrupted")
        sys.exit(130)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said; a second Ctrl-C is too late
        undo_all()


def _allow_open_files() -> None:
    """End with a line where too few files may be open for the commands even to be imported."""
    from keydiff_cli.errors import KeydiffError
    from keydiff_cli.system.open_files import allow_open_files

    try:
        allow_open_files()
    except KeydiffError as error:
        from keydiff_cli.system.terminal import complain

        complain(f"error: {error}")
        sys.exit(int(error.status))


if __name__ == "__main__":
    main()

"""``keydiff build-llama``: build and install the patched llama.cpp."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keydiff_cli.cli.options import Quiet
from keydiff_cli.system.folders import user_cache_folder


def build_llama(
    source: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The source distribution. Default: fetched with pip.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Only see whether the patches apply and what they touch compiles.",
        ),
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build even if it was built before.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Build llama-cpp-python with keydiff's patches, and install it here.

    With them eviction runs inside llama.cpp; see patches/README.md. Takes a C and a C++ compiler,
    git or patch, and several minutes. CMAKE_ARGS has further options, as for llama-cpp-python
    itself.
    """
    from keydiff_cli.build import building
    from keydiff_cli.build.install import check_installed
    from keydiff_cli.render.display import BuildDisplay

    display = BuildDisplay(quiet=quiet)
    try:
        if check:
            building.check_patches(display, source=source)
            display.note("the patches apply, and what they touch compiles")
            return
        wheel = building.build_llama(
            user_cache_folder() / "llama-cpp-python", display, source=source, rebuild=rebuild
        )
        check_installed()
    finally:
        display.reading_over()
    display.note(f"installed {wheel.name} with the patches; 'keydiff doctor' shows it")

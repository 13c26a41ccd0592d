"""The ``keydiff`` command: its subcommands, and errors turned into exit statuses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from keydiff_cli.cli import (
    bench_command,
    cache_command,
    config_command,
    models_command,
    sessions_command,
)
from keydiff_cli.cli.ask_command import ask
from keydiff_cli.cli.batch_command import batch
from keydiff_cli.cli.build_command import build_llama
from keydiff_cli.cli.chat_command import chat
from keydiff_cli.cli.doctor_command import doctor
from keydiff_cli.cli.extract_command import extract
from keydiff_cli.cli.map_command import draw
from keydiff_cli.cli.messages import tell_error
from keydiff_cli.cli.notes_command import notes
from keydiff_cli.cli.plan_command import plan
from keydiff_cli.cli.read_command import read
from keydiff_cli.cli.serve_command import serve
from keydiff_cli.cli.text_command import text
from keydiff_cli.errors import ExitStatus, KeydiffError
from keydiff_cli.system.files import told_by
from keydiff_cli.system.terminal import drop
from keydiff_cli.version import __version__


class Commands(TyperGroup):
    """Turns errors into exit statuses, for all commands in one place."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line and end the process."""
        try:
            with _reporting():
                status = super().main(*args, **{**options, "standalone_mode": False})
        except typer.Exit as end:
            status = end.exit_code
        except SystemExit as end:
            if end.code != 1 or not isinstance(end.__context__, BrokenPipeError):
                raise
            drop(sys.stdout)  # how Typer ends when the reader of a help text has gone
            status = ExitStatus.OK
        except Exception as error:
            if not hasattr(error, "format_message"):
                raise
            status = _refuse(error)
        sys.exit(status or ExitStatus.OK)

    def invoke(self, ctx: Any) -> Any:
        with _reporting():  # here, too: Typer would take Ctrl-C and give it no message
            return super().invoke(ctx)


@contextmanager
def _reporting() -> Iterator[None]:
    """Say in one line what went wrong, and raise the exit status."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # at exit it would be too late to say what goes wrong
    except KeydiffError as error:
        tell_error(error)
        raise typer.Exit(error.status) from None
    except KeyboardInterrupt:
        tell_error("interrupted")
        raise typer.Exit(ExitStatus.INTERRUPTED) from None
    except BrokenPipeError:
        drop(sys.stdout)  # whoever read it has seen enough
        raise typer.Exit(ExitStatus.OK) from None
    except OSError as error:
        tell_error(f"{told_by(error)}: {error.filename or 'standard output'}")
        drop(sys.stdout)
        raise typer.Exit(ExitStatus.ERROR) from None
    except MemoryError:
        tell_error("out of memory; use a smaller --budget or --memory")
        raise typer.Exit(ExitStatus.MEMORY) from None


def _refuse(error: Any) -> int:
    """Say what Typer does not like about the command line; return the exit status."""
    path = error.ctx.command_path if getattr(error, "ctx", None) else "keydiff"
    message = " ".join(error.format_message().split())
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # its message is the help
    else:
        tell_error(f"{message.rstrip('.')}; see '{path} --help'")
    return int(error.exit_code)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Ask questions of documents longer than your machine's memory, with a local model.",
)
app.command()(ask)
app.command()(batch)
app.command()(extract)
app.command()(chat)
app.command()(read)
app.command()(notes)
app.command("map")(draw)
app.command()(text)
app.command()(serve)
app.command()(plan)
app.add_typer(models_command.app, name="models")
app.add_typer(cache_command.app, name="cache")
app.add_typer(sessions_command.app, name="sessions")
app.add_typer(bench_command.app, name="bench")
app.add_typer(config_command.app, name="config")
app.command()(doctor)
app.command()(build_llama)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"keydiff {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass

"""The command line: parse, delegate, nothing else. Heavy modules are imported by the commands."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from keydiff_cli import __version__
from keydiff_cli.config import KV_TYPE_NAMES, POLICY_NAMES, config_path, resolve
from keydiff_cli.errors import ExitStatus, KeydiffError, UsageError


class Commands(TyperGroup):
    """Turns errors into exit statuses, for all commands in one place."""

    def invoke(self, ctx: Any) -> Any:
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # at exit it would be too late to say what goes wrong
        except KeydiffError as error:
            _fail(str(error))
            raise typer.Exit(error.status) from None
        except KeyboardInterrupt:
            _fail("interrupted")
            raise typer.Exit(ExitStatus.INTERRUPTED) from None
        except BrokenPipeError:
            _drop_output()  # whoever read it has seen enough
            raise typer.Exit(ExitStatus.OK) from None
        except OSError as error:
            _fail(f"{error.strerror or error}: {error.filename or 'standard output'}")
            _drop_output()
            raise typer.Exit(ExitStatus.ERROR) from None
        except MemoryError:
            _fail("out of memory; use a smaller --budget or --memory")
            raise typer.Exit(ExitStatus.MEMORY) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Ask questions of documents longer than your machine's memory, with a local model.",
)
models_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="List, fetch, find and remove models."
)
config_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Show the settings and their sources."
)
app.add_typer(models_app, name="models")
app.add_typer(config_app, name="config")


def _fail(text: str) -> None:
    from keydiff_cli.terminal import complain

    complain(f"error: {text}")


def _drop_output() -> None:
    """Send stdout nowhere, so that Python does not complain about it once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_json(value: Any) -> None:
    from keydiff_cli.terminal import escape_json

    print(escape_json(json.dumps(value, ensure_ascii=False, indent=2)))


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"keydiff {__version__} (llama-cpp-python {version('llama-cpp-python')})")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


Model = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="NAME|PATH", help="Model name or GGUF file."),
]
Memory = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="Cap for the whole process: 2GB, 900MiB, ..."),
]
Budget = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Tokens kept per head. Default: what --memory allows, else 4096."
    ),
]
BlockSize = Annotated[
    int | None, typer.Option(metavar="B", help="Tokens read between evictions. Default: 128.")
]
PolicyName = Annotated[
    str | None,
    typer.Option(metavar="|".join(POLICY_NAMES), help="Which tokens to keep. Default: keydiff."),
]
MaxTokens = Annotated[
    int | None, typer.Option(metavar="N", help="Longest answer, in tokens. Default: 512.")
]
KvType = Annotated[
    str | None,
    typer.Option(metavar="|".join(KV_TYPE_NAMES), help="Type of the cache. Default: f16."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no status lines.")]
Offline = Annotated[
    bool | None, typer.Option("--offline", help="Never fetch a model.", show_default=False)
]


@app.command()
def ask(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILES",
            help="Documents, PDF or text; - is standard input. Without any, a pipe is read.",
            show_default=False,
        ),
    ] = None,
    question: Annotated[
        str | None, typer.Argument(metavar="QUESTION", help="What to ask.", show_default=False)
    ] = None,
    model: Model = None,
    memory: Memory = None,
    budget: Budget = None,
    block: BlockSize = None,
    policy: PolicyName = None,
    max_tokens: MaxTokens = None,
    temperature: Annotated[
        float | None,
        typer.Option(metavar="T", help="Sampling temperature; 0 is greedy. Default: 0."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sampling. Default: 0.")] = None,
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="System prompt in place of the built-in.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Threads. Default: the physical cores.")
    ] = None,
    kv_type: KvType = None,
    as_json: AsJson = False,
    stats: Annotated[bool, typer.Option("--stats", help="Print timings on stderr.")] = False,
    quiet: Quiet = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the log of llama.cpp.")
    ] = False,
    offline: Offline = None,
) -> None:
    """Answer a question about documents, however long they are."""
    sources, asked = _check_input(files or [], question)
    settings = resolve(
        {
            "model": model,
            "memory": memory,
            "budget": budget,
            "block": block,
            "policy": policy,
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": seed,
            "system": system,
            "threads": threads,
            "kv_type": kv_type,
            "offline": offline,
        }
    ).settings

    from keydiff_cli.ask import Run
    from keydiff_cli.llama import echo_log
    from keydiff_cli.render import Display

    echo_log(verbose)
    display = Display(quiet=quiet, answer=not as_json)
    try:
        report = Run(settings, display, checksum=as_json).ask(sources, asked, sys.stdin.buffer)
    except BaseException:
        display.read()
        display.end_line()
        raise
    display.finished(report, stats=stats)
    if as_json:
        _print_json(report.as_json())
    if report.stop_reason == "interrupted":
        raise typer.Exit(ExitStatus.INTERRUPTED)


def _check_input(files: list[str], question: str | None) -> tuple[list[str], str]:
    """The documents, a pipe if none is named, and the question."""
    if question is None or not question.strip():
        raise UsageError("no question; write: keydiff ask FILE 'question'")
    if files:
        return files, question
    if os.path.isfile(question):
        raise UsageError(f"no question; write: keydiff ask '{question}' 'question'")
    if not sys.stdin.isatty():
        return ["-"], question
    raise UsageError("no document; name a file, or pipe text: command | keydiff ask 'question'")


@app.command()
def plan(
    model: Model = None,
    memory: Memory = None,
    budget: Budget = None,
    block: BlockSize = None,
    max_tokens: MaxTokens = None,
    kv_type: KvType = None,
    as_json: AsJson = False,
    offline: Offline = None,
) -> None:
    """Show what a memory cap buys, without loading the model's weights."""
    settings = resolve(
        {
            "model": model,
            "memory": memory,
            "budget": budget,
            "block": block,
            "max_tokens": max_tokens,
            "kv_type": kv_type,
            "offline": offline,
        }
    ).settings

    from keydiff_cli.ask import sketch_plan
    from keydiff_cli.render import Display, plan_rows, print_table

    values = sketch_plan(settings, Display(quiet=False, answer=False))
    if as_json:
        _print_json(values)
    else:
        print_table(("what", "how much"), plan_rows(values))


@models_app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models that can be fetched by name, and those that are here."""
    from keydiff_cli import models
    from keydiff_cli.ask import models_folder
    from keydiff_cli.config import format_size
    from keydiff_cli.render import print_table

    here = models.installed(models_folder(resolve({}).settings))
    entries = models.catalogue().values()
    if as_json:
        _print_json(
            [
                {
                    "name": entry.name,
                    "description": entry.description,
                    "license": entry.license,
                    "size": entry.size,
                    "trained_context": entry.context,
                    "sha256": entry.sha256,
                    "hub_only": entry.hub_only,
                    "path": str(here[entry.name]) if entry.name in here else None,
                }
                for entry in entries
            ]
        )
        return
    print_table(
        ("name", "size", "context", "licence", "here", "description"),
        (
            (
                entry.name,
                format_size(entry.size),
                entry.context,
                entry.license,
                "yes" if entry.name in here else "no",
                entry.description,
            )
            for entry in entries
        ),
    )


@models_app.command("pull")
def pull_model(name: str, quiet: Quiet = False) -> None:
    """Fetch a model of the catalogue and verify it."""
    from keydiff_cli import models
    from keydiff_cli.ask import models_folder
    from keydiff_cli.render import Display

    display = Display(quiet=quiet, answer=False)
    try:
        located = models.pull(
            models.named(name),
            models_folder(resolve({}).settings),
            progress=display.fetching,
            log=display.note,
        )
    finally:
        display.read()
    print(located.path)


@models_app.command("path")
def model_path(name: str) -> None:
    """Print where a model is."""
    from keydiff_cli import models
    from keydiff_cli.ask import models_folder

    located = models.require(
        name, models_folder(resolve({}).settings), offline=True, log=lambda _: None
    )
    print(located.path)


@models_app.command("remove")
def remove_model(name: str) -> None:
    """Delete a fetched model."""
    from keydiff_cli import models
    from keydiff_cli.ask import models_folder
    from keydiff_cli.config import format_size
    from keydiff_cli.terminal import complain

    freed = models.remove(models.named(name), models_folder(resolve({}).settings))
    complain(f"{name} removed, {format_size(freed)} freed" if freed else f"{name} was not here")


@config_app.command("show")
def show_config(as_json: AsJson = False) -> None:
    """Show every setting with its value and where it comes from."""
    from keydiff_cli.render import print_table

    resolved = resolve({})
    values = vars(resolved.settings)
    if as_json:
        _print_json(
            {
                name: {"value": value, "source": resolved.sources[name]}
                for name, value in values.items()
            }
        )
        return
    rows = (
        (name, "" if value is None else value, resolved.sources[name])
        for name, value in values.items()
    )
    print_table(("setting", "value", "from"), rows)


@config_app.command("path")
def show_config_path() -> None:
    """Print the path of the configuration file."""
    print(config_path(os.environ))

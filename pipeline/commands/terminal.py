"""How commands speak: tables and colours for people on a terminal, JSON on stdout for scripts, messages on stderr.

Exit codes, never to be changed: 0 ok, 1 findings, 2 usage, 3 bad configuration, 4 a dependency is unreachable, 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline import events
from pipeline.errors import BadConfiguration, LagebildError, NoSuchRule, Transient, Unreachable
from pipeline.settings import Settings, load
from pipeline.stopping import EXIT_INTERRUPTED as EXIT_INTERRUPTED

EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_BAD_CONFIGURATION = 3
EXIT_UNREACHABLE = 4

DEFAULT_CONFIG = Path("lagebild.yaml")

Config = Annotated[
    Path, typer.Option("--config", "-c", envvar="LAGEBILD_CONFIG", help="The configuration file.", show_default=str(DEFAULT_CONFIG))
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document (or one object a line) on stdout, for scripts.")]

# Without a terminal nothing is known about the reader's width: wide enough that no cell is broken.
out = Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else 240)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def settings_from(path: Path) -> Settings:
    """The settings in `path`; a missing default file says how to get one."""
    if path == DEFAULT_CONFIG and not path.exists():
        err.print("There is no [bold]lagebild.yaml[/] here. Name one with --config FILE, or try `lagebild demo`, which needs none.")
        raise typer.Exit(EXIT_BAD_CONFIGURATION)
    return load(path)


def settings_with_kafka(path: Path, what: str) -> Settings:
    """The settings, once a broker answers. Raises Unreachable within seconds: a person is waiting."""
    settings = settings_from(path)
    need_kafka(settings, what)
    return settings


def need_kafka(settings: Settings, what: str, instead: str = "") -> None:
    """Return once a broker answers. Raises Unreachable with what to do about it; `instead` is what can be done without one."""
    from pipeline import broker

    try:
        broker.connect(settings.kafka, what, wait_seconds=3)
    except Unreachable as error:
        if error.fix:
            # It is there: starting it would not help.
            raise
        advice = broker.ADVICE[0].upper() + broker.ADVICE[1:]
        raise Unreachable(f"{error}.\n{advice}{f'; {instead}' if instead else ''}.") from error


@contextmanager
def errors_told() -> Iterator[None]:
    """Turns our errors into a message and an exit code; a traceback is for defects only. Log lines go to stderr: stdout is for answers."""
    events.keep_off_stdout()
    try:
        yield
    except BadConfiguration as error:
        for problem in error.problems:
            err.print(Text(str(problem)))
        err.print(f"{counted(len(error.problems), 'problem')}: nothing was started or changed.")
        raise typer.Exit(EXIT_BAD_CONFIGURATION) from None
    except _unreachable() as error:
        err.print(Text(_in_words(error)))
        raise typer.Exit(EXIT_UNREACHABLE) from None
    except LagebildError as error:
        err.print(Text(str(error)))
        raise typer.Exit(EXIT_USAGE if isinstance(error, NoSuchRule) else EXIT_FINDINGS) from None
    except BrokenPipeError:
        # The reader of our output went away (`| head`): the interpreter's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(EXIT_OK) from None


def _unreachable() -> tuple[type[Exception], ...]:
    """The errors of what is not there. The Kafka client's count where it is loaded: that takes a third of a second, which many commands do without."""
    client = sys.modules.get("pipeline.broker")
    return (Unreachable, Transient, *([client.KafkaFault] if client else []))


def _in_words(error: Exception) -> str:
    """The error for people, in the words of the Kafka client where that is loaded."""
    client = sys.modules.get("pipeline.broker")
    return str(client.in_words(error)) if client else str(error) or type(error).__name__


def print_json(value: Any) -> None:
    """`value`, which may hold records, as one JSON document on stdout; instants as ISO 8601. Raises TypeError for what has no place in JSON."""
    sys.stdout.write(json.dumps(msgspec.to_builtins(value, str_keys=True, enc_hook=_plain), ensure_ascii=False) + "\n")


def _plain(value: object) -> object:
    """What msgspec does not know: paths, and numbers that are more than numbers (numpy's)."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"a {type(value).__name__} has no place in JSON")


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = (), whole: Sequence[int] = ()
) -> Table:
    """A table whose cells are plain text: nothing from outside is read as markup. The columns `whole` are never broken, so that one can copy them."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number in right else "left", overflow="fold", no_wrap=number in whole)
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(printable(str(cell))) for cell in row))
    return made


# What is done to a thing, as reports call it; everything else they say is a state, which a dry run finds as well.
_DONE = ("created", "replaced", "configured", "fields added", "alias added", "lifecycle set")


def said(change: str, dry_run: bool) -> str:
    """The change for people: a dry run does nothing, and says so."""
    if not dry_run or change not in _DONE:
        return change
    thing, _, verb = change.rpartition(" ")
    return f"{thing} would be {verb}".strip()


def summed_up(changes: Sequence[str], dry_run: bool) -> str:
    """One sentence under a table of changes."""
    differing = sum(each in _DONE for each in changes)
    if not differing:
        return "Nothing to change." if dry_run else "Nothing was changed."
    return f"Nothing was changed; {differing} of {len(changes)} would be." if dry_run else f"{differing} of {len(changes)} changed."


def counted(count: int, one: str, several: str = "") -> str:
    """ "1 rule" or "4 rules"; `one` takes s in the plural where `several` does not say another."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def printable(text: str) -> str:
    """Text from outside without what could move the cursor or hide letters."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


@contextmanager
def reading(what: str) -> Iterator[Callable[[str, int], None]]:
    """A progress to hand to whoever reads topics: on a terminal it shows which one, and how far; elsewhere it is silent."""
    if not sys.stderr.isatty():
        yield lambda topic, records: None
        return
    with err.status(f"Reading {what} …") as status:
        yield lambda topic, records: status.update(f"Reading {what}: {records:,} records of {topic} …")

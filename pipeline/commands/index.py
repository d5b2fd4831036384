"""`lagebild index apply|rebuild|retention`: the templates and indices in Elasticsearch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from pipeline import events
from pipeline.commands.refusals import errors_answered
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    AsJson,
    Config,
    DryRun,
    err,
    out,
    print_json,
    printable,
    said,
    settings_from,
    summed_up,
    table,
)
from pipeline.errors import Transient, Unreachable

index = typer.Typer(help="Elasticsearch templates and indices.", no_args_is_help=True)

WithDiff = Annotated[bool, typer.Option("--diff", help="Show each difference between the server and what is wanted, line by line.")]
_NAMED = re.compile(r'^[+-] "([^"]+)": ', re.MULTILINE)
_MOST_NAMES = 3


def add_to(app: typer.Typer) -> None:
    app.add_typer(index, name="index")


@contextmanager
def _elasticsearch_needed() -> Iterator[None]:
    """Somebody is waiting: what processes try again later is an error here, with what to do."""
    from pipeline.search import Busy

    try:
        yield
    except Busy as error:
        raise Unreachable(str(error), "try again in a minute; if it stays so, look into Elasticsearch's log") from error
    except Transient as error:
        raise Unreachable(
            str(error), "start Elasticsearch there, or correct elasticsearch.url in the configuration, and run it again"
        ) from error


@index.command("apply", help="Apply the templates; running it again changes nothing.")
def apply_index(config: Config = DEFAULT_CONFIG, dry_run: DryRun = False, diff: WithDiff = False, as_json: AsJson = False) -> None:
    from pipeline.index.abilities import abilities
    from pipeline.index.apply import apply_to
    from pipeline.search import Server

    with errors_answered(as_json), _elasticsearch_needed():
        settings = settings_from(config)
        # What the server lacks would be logged; it is told below.
        with Server(settings) as server, events.only_warnings():
            able = abilities(server)
            changes = apply_to(server, settings, dry_run, able)
        if as_json:
            print_json([{**asdict(each), "dry_run": dry_run} for each in changes])
            return
        rows = [(each.name, each.kind, said(each.change, dry_run), _detail(each.change, each.diff)) for each in changes]
        out.print(table(printable(f"Elasticsearch at {server.url}"), ["name", "kind", "change", "detail"], rows))
        for each in changes if diff else ():
            if each.diff:
                out.print(Text(printable(each.diff)))
        for missing, follows in able.lacking():
            err.print(Text(f"note: this Elasticsearch lacks {missing}: {follows}"))
        err.print(summed_up([each.change for each in changes], dry_run))


def _detail(change: str, diff: str) -> str:
    """The difference in a few words: the fields that it is about, or how many lines."""
    if change in ("fields added", "fields differ", "lifecycle set"):
        names = list(dict.fromkeys(_NAMED.findall(diff)))
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        return ", ".join(names[:_MOST_NAMES]) + more
    if change not in ("replaced", "left alone"):
        return ""
    lines = diff.splitlines()[2:]  # behind the names of both sides
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return f"+{added} −{removed} lines: --diff shows them"


@index.command("rebuild", help="Fill Elasticsearch from the topics: for an empty server, or after documents were lost.")
def rebuild_index(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    from pipeline.index.rebuild import rebuild

    with errors_answered(as_json):
        settings = settings_from(config)
        with err.status("Reading the topics …") as status:
            counts = rebuild(settings, lambda so_far: status.update(f"Reading the topics … {_counted(so_far)}"))
        if as_json:
            print_json(asdict(counts))
        else:
            out.print(f"Rebuilt: {_counted(counts)}.")


@index.command("retention", help="Remove whole months that are older than elasticsearch.retention_days.")
def retention_index(config: Config = DEFAULT_CONFIG, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    from pipeline.index.retention import retention

    with errors_answered(as_json), _elasticsearch_needed():
        removed = retention(settings_from(config), datetime.now(UTC), dry_run)
        if as_json:
            print_json({"removed": removed, "dry_run": dry_run})
            return
        for each in removed:
            out.print(Text(f"{each}: {'would be removed' if dry_run else 'removed'}"))
        if not removed:
            out.print("Nothing is old enough to be removed.")


def _counted(counts: Any) -> str:
    return ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in asdict(counts).items() if isinstance(value, int))

"""`lagebild kibana apply` and `kibana export`: dashboards and alert rules for the team's own Kibana."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pipeline.commands.refusals import errors_answered
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    EXIT_USAGE,
    AsJson,
    Config,
    err,
    errors_told,
    out,
    print_json,
    printable,
    said,
    settings_from,
    summed_up,
    table,
)
from pipeline.errors import LagebildError
from pipeline.kibana.report import Report

_MOST_NAMED = 3
_STDOUT = Path("-")

kibana = typer.Typer(help="Data views, dashboards and alert rules in Kibana.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Ask Kibana what is there, say what would change, and change nothing.")]


def add_to(app: typer.Typer) -> None:
    app.add_typer(kibana, name="kibana")


@kibana.command("apply", help="Bring data views, searches, dashboards and alert rules into Kibana; running it again repeats nothing.")
def apply_kibana(config: Config = DEFAULT_CONFIG, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    from pipeline.kibana.apply import apply

    report = Report()
    with errors_told():
        try:
            apply(settings_from(config), report, dry_run)
        except LagebildError as error:
            # What was done before the error is told as well: without it nobody knows what to look at.
            if as_json:
                print_json({**asdict(report), "ok": False, "error": str(error)})
            elif report.changes:
                _show(report)
            raise
        if as_json:
            print_json({**asdict(report), "ok": not report.failed})
        else:
            _show(report)
        if report.failed:
            raise typer.Exit(EXIT_FINDINGS)


def _ndjson(value: Path) -> Path:
    if value != _STDOUT and value.suffix != ".ndjson":
        raise typer.BadParameter(f"Kibana imports only files whose names end in .ndjson: write {value.with_suffix('.ndjson').name}")
    return value


@kibana.command("export", help="Write the NDJSON file for Stack Management, Saved Objects, Import; asks no server. Rules are not in it.")
def export_kibana(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", callback=_ndjson, help="Where to write it, such as lagebild.ndjson; - writes it to stdout.")
    ],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    from pipeline.kibana.apply import checked_objects
    from pipeline.kibana.objects import ndjson

    with errors_answered(as_json):
        made = ndjson(checked_objects(settings_from(config)))
        if file == _STDOUT:
            sys.stdout.write(made.decode())
            return
        try:
            file.write_bytes(made)
        except OSError as error:
            err.print(Text(f"{file} cannot be written: {error.strerror}"))
            raise typer.Exit(EXIT_USAGE) from None
        count = made.count(b"\n")
        if as_json:
            print_json({"file": file, "objects": count, "bytes": len(made)})
            return
        out.print(Text(f"{file}: {count} objects. Import it in Kibana 8.8 or later: Stack Management, Saved Objects, Import."))
        err.print("Alert rules are not in the file: Kibana imports rules switched off. `lagebild kibana apply` makes them.")


def _show(report: Report) -> None:
    title = f"Kibana {report.version} at {report.kibana}, space {report.space}"
    rows = [(each.kind, each.name, said(each.change, report.dry_run), each.problem) for each in report.changes]
    out.print(table(printable(title), ["kind", "name", "change", "problem"], rows))
    for caution in report.cautions:
        err.print(Text(printable(f"note: {caution}")))
    fixes: dict[str, list[str]] = {}
    for each in report.changes:
        if each.fix:
            fixes.setdefault(each.fix, []).append(f"{each.kind} {each.name!r}")
    for fix, named in fixes.items():
        told = ", ".join(named) if len(named) <= _MOST_NAMED else f"{', '.join(named[:_MOST_NAMED])} and {len(named) - _MOST_NAMED} more"
        err.print(Text(printable(f"{told}: {fix}")))
    if report.failed:
        err.print(f"{len(report.failed)} of {len(report.changes)} failed.")
    else:
        err.print(summed_up([each.change for each in report.changes], report.dry_run))

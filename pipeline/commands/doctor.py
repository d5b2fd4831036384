"""`lagebild doctor`: what is wrong with the servers, topics, templates and limits, and how to mend it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from pipeline import events
from pipeline.commands.refusals import errors_answered
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    AsJson,
    Config,
    counted,
    err,
    out,
    print_json,
    printable,
    settings_from,
    table,
)
from pipeline.doctor.finding import Finding
from pipeline.privileges import OPERATOR, ROLES

_ROLE_NAMES = [each.name for each in ROLES]
_STYLES = {"ok": "green", "note": "cyan", "problem": "bold red"}


def add_to(app: typer.Typer) -> None:
    app.command("doctor", help="Look at the running servers, and say what is wrong and how to mend it. Changes nothing.")(doctor)


def _known_role(value: str) -> str:
    if value not in _ROLE_NAMES:
        raise typer.BadParameter(f"{value!r} is none of {', '.join(_ROLE_NAMES)}")
    return value


def doctor(
    config: Config = DEFAULT_CONFIG,
    role: Annotated[
        str,
        typer.Option("--as", callback=_known_role, help=f"Whose rights the configured users must have: {', '.join(_ROLE_NAMES)}."),
    ] = OPERATOR,
    as_json: AsJson = False,
) -> None:
    from pipeline.doctor.examine import examine
    from pipeline.doctor.gather import gather

    with errors_answered(as_json):
        settings = settings_from(config)
        # What would be applied is asked for, and that is logged.
        with err.status("Asking Kafka, Elasticsearch and Kibana …"), events.only_warnings():
            findings = examine(gather(settings, role))
        problems = [each for each in findings if each.level == "problem"]
        if as_json:
            print_json({"ok": not problems, "findings": [asdict(each) for each in findings]})
        else:
            _show(findings, problems)
        if problems:
            raise typer.Exit(EXIT_FINDINGS)


def _show(findings: list[Finding], problems: list[Finding]) -> None:
    rows = [(each.group, Text(each.level, style=_STYLES[each.level]), _told(each)) for each in findings]
    out.print(table("Doctor", ["what", "", "found, and → what to do"], rows))
    out.print(Text(f"\n{counted(len(problems), 'problem')}." if problems else "\nNothing is wrong.", style="bold"))


def _told(finding: Finding) -> Text:
    told = Text(printable(finding.what))
    return told.append(printable(f"\n→ {finding.fix}"), style="bold") if finding.fix else told

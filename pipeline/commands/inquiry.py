"""`lagebild report` and `evidence`: what happened in a time, and everything about one episode."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from pipeline.commands import times
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    AsJson,
    Config,
    err,
    errors_told,
    out,
    print_json,
    printable,
    reading,
    settings_with_kafka,
)
from pipeline.errors import LagebildError, NoSuchRule
from pipeline.inquiry import asking, gathering, layout
from pipeline.inquiry.evidence import Bundle, bundle, zipped
from pipeline.inquiry.report import report as make_report
from pipeline.located import nearest


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def add_to(app: typer.Typer) -> None:
    app.command("report", help="What happened in a time: episodes, verdicts, who was told, silences, sources, rules, decisions.")(report)
    app.command("evidence", help="Everything about one episode as an archive: texts with hashes, the rule, deliveries, decisions.")(
        evidence
    )


def report(
    since: Annotated[str, typer.Option("--from", help="From when: 24h, 2026-11-20, 2026-11-20T06:00.")] = "24h",
    until: Annotated[str, typer.Option("--to", help="To when.")] = "now",
    rule: Annotated[str, typer.Option(help="Only what concerns this rule.")] = "",
    format: Annotated[Format, typer.Option(help="How it is written.")] = Format.TEXT,
    target: Annotated[Path | None, typer.Option("--output", "-o", help="A file instead of the terminal.", dir_okay=False)] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        settings = settings_with_kafka(config, "lagebild report")
        now = datetime.now(UTC)
        from_at, to_at = (times.instant(each, now, settings.time_zone) for each in (since, until))
        if from_at >= to_at:
            raise typer.BadParameter(f"--from {since} is not before --to {until}")
        with reading("what happened") as progress:
            ledger = gathering.ledger(settings, progress, with_files=True)
            health = gathering.source_health(settings, progress)
            versions = gathering.rule_versions(settings, progress)
        _known(rule, {each.rule_id for each in ledger.episodes.values()} | {each.rule_id for each in versions})
        made = make_report(ledger, health, versions, from_at, to_at, now, rule)
        if as_json or format is Format.JSON:
            text = msgspec.json.encode(made).decode() + "\n"
        else:
            text = layout.written(made, format.value, settings.time_zone)
        if target is None:
            out.file.write(text)
        else:
            _write(target, text.encode())


def _known(rule: str, rules: Collection[str]) -> None:
    """Nothing when no rule or one of these is named. Raises NoSuchRule: an empty report of a slip would say that nothing happened."""
    if rule and rule not in rules:
        raise NoSuchRule(f"no rule {rule!r} was ever active.{nearest(rule, rules)} `lagebild rules list --active` names those of now")


def evidence(
    episode: Annotated[str, typer.Argument(help="The episode's id, or its beginning.")],
    to: Annotated[Path | None, typer.Option("--to", help="The archive; else evidence-<id>.zip here.", dir_okay=False)] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        settings = settings_with_kafka(config, "lagebild evidence")
        with reading("the evidence") as progress:
            found = asking.evidence_of(settings, episode, progress)
        made = bundle(found)
        target = to or Path(f"evidence-{found.episode.id[:10]}.zip")
        _write(target, zipped(made.files))
        if as_json:
            print_json({"episode": found.episode.id, "path": target, "files": list(made.files), "faults": made.faults})
        else:
            _tell(made, target)
        if made.faults:
            raise typer.Exit(EXIT_FINDINGS)


def _tell(made: Bundle, target: Path) -> None:
    revisions = len({path.rpartition("/")[0] for path in made.files if path.startswith("articles/")})
    out.print(Text(printable(f"{target}: {len(made.files)} files, {revisions} revisions of articles")))
    for each in made.faults:
        err.print(Text(printable(each)))


def _write(target: Path, content: bytes) -> None:
    """The whole file or none: an archive that was cut off would look like evidence."""
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise LagebildError(f"{target} cannot be written: {error.strerror}") from None

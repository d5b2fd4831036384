"""`lagebild rules`: look at rules, check and publish them. Trying them stands in `rules_trying`, writing them in `rules_writing`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from pipeline.commands import backtest, explain, rules_trying, rules_writing
from pipeline.commands.rules_folder import Folder as Folder
from pipeline.commands.rules_folder import loaded_from, settings_beside, tell
from pipeline.commands.rules_folder import rule_set as rule_set
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_BAD_CONFIGURATION,
    EXIT_FINDINGS,
    AsJson,
    Config,
    DryRun,
    counted,
    err,
    errors_told,
    out,
    print_json,
    settings_with_kafka,
    table,
)
from pipeline.enriching import Recogniser, packaged
from pipeline.rules import built_in
from pipeline.rules.apply import apply as apply_folder
from pipeline.rules.apply import published
from pipeline.rules.between_names import strangers
from pipeline.rules.between_sources import doubts
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.lint import advice

rules = typer.Typer(help="Alert rules.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", help="Who is answerable for it; your login when left out.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    app.add_typer(rules, name="rules")


for group in (rules_trying, rules_writing, explain, backtest):
    group.add_to(rules)


@rules.command("list", help="The rules in the folder, and with --active those that workers follow now.")
def list_rules(
    config: Config = DEFAULT_CONFIG,
    folder: Folder = None,
    active: Annotated[bool, typer.Option("--active", help="What the topic holds.")] = False,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        if active:
            compiled = list(published(settings_with_kafka(config, "lagebild rules")).current.rules.values())
        else:
            loaded = loaded_from(config, folder)
            compiled = list(loaded.rules)
            tell(loaded.problems)
        rows = [
            (
                each.rule.id,
                each.rule.status,
                each.rule.severity,
                each.rule.title,
                _expiry(each.rule.expires_at),
                _origin(each),
                each.version[:12],
            )
            for each in compiled
        ]
        if as_json:
            names = ("id", "status", "severity", "title", "expires", "origin", "version")
            print_json(
                [dict(zip(names, row, strict=True)) | {"anchors": len(each.anchors)} for row, each in zip(rows, compiled, strict=True)]
            )
        else:
            out.print(table(counted(len(rows), "rule"), ["id", "status", "severity", "title", "expires", "origin", "version"], rows))


def _fine(rules: int, which: str = "") -> str:
    return f"{counted(rules, f'{which}rule')} {'is' if rules == 1 else 'are'} fine"


def _origin(compiled: CompiledRule) -> str:
    return built_in.MARK if built_in.MARK in compiled.rule.tags else ""


def _expiry(at: object) -> str:
    return str(at or "")[:16]


@rules.command("check", help="Read the rules, run their own tests, and give advice; exit code 3 when one is wrong.")
def check(
    config: Config = DEFAULT_CONFIG,
    folder: Folder = None,
    strict: Annotated[bool, typer.Option("--strict", help="Advice counts as a finding: exit code 1.")] = False,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        settings = settings_beside(config, folder)
        loaded = loaded_from(config, folder, show_progress=not as_json, settings=settings).own
        tests = sum(len(each.rule.tests) for each in loaded.rules)
        sources = None if settings is None else [each.id for each in settings.sources]
        recogniser = packaged() if settings is None else Recogniser(settings)
        advised = sorted(
            [*advice(loaded.rules, loaded.files), *doubts(loaded.files, sources, datetime.now(UTC)), *strangers(loaded.files, recogniser)]
        )
        if as_json:
            print_json(
                {
                    "rules": len(loaded.rules),
                    "tests": tests,
                    "problems": loaded.problems,
                    "warnings": advised,
                    "receivers_checked": settings is not None,
                }
            )
        else:
            tell(loaded.problems)
            if settings is None:
                err.print(f"There is no configuration {config}: receivers and sources that the rules name were not checked.")
            for each in advised:
                err.print(Text(f"{each.file}:{each.line}:{each.column}: advice: {each.message}"))
            if loaded.problems:
                err.print(f"{counted(len(loaded.problems), 'problem')}; {_fine(len(loaded.rules), 'other ')}.")
            else:
                out.print(
                    f"{_fine(len(loaded.rules))}; {counted(tests, 'test')} passed"
                    + (f"; {len(advised)} piece{'' if len(advised) == 1 else 's'} of advice." if advised else ".")
                )
        if loaded.problems:
            raise typer.Exit(EXIT_BAD_CONFIGURATION)
        if advised and strict:
            raise typer.Exit(EXIT_FINDINGS)


@rules.command("apply", help="Check, test and publish the rules; workers follow within seconds. A broken file changes nothing.")
def apply(config: Config = DEFAULT_CONFIG, dry_run: DryRun = False, by: By = "", as_json: AsJson = False) -> None:
    with errors_told():
        applied = apply_folder(settings_with_kafka(config, "lagebild rules apply"), dry_run=dry_run, by=by)
        if as_json:
            print_json(applied)
        elif applied.problems:
            tell(applied.problems)
            err.print("Nothing was published; the rules that are active stay.")
        else:
            names = [*applied.changed, *(f"{each} (removed)" for each in applied.removed), *(["the routing"] if applied.routing else [])]
            said = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
            out.print(f"{said or 'No rule'} {'would be ' if dry_run else ''}published; {counted(applied.active, 'rule')} in all.")
        if applied.problems:
            raise typer.Exit(EXIT_BAD_CONFIGURATION)

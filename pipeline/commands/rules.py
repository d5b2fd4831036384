"""`lagebild rules`: look at rules, test them, try them on a text, publish them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from pipeline.article import Match
from pipeline.commands.setup import DryRun
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_BAD_CONFIGURATION,
    EXIT_FINDINGS,
    EXIT_USAGE,
    AsJson,
    Config,
    err,
    errors_told,
    out,
    print_json,
    printable,
    settings_from,
    settings_with_kafka,
    table,
)
from pipeline.errors import BadConfiguration, Problem
from pipeline.rules.apply import apply as apply_folder
from pipeline.rules.apply import published
from pipeline.rules.check import try_text
from pipeline.rules.load import Loaded, load_folder
from pipeline.rules.model import RuleSet
from pipeline.text.hygiene import shown

rules = typer.Typer(help="Alert rules.", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option("--rules", help="A folder of rules; the configured one when left out.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    app.add_typer(rules, name="rules")


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
            loaded = load_folder(folder or settings_from(config).rules_folder)
            compiled = list(loaded.rules)
            for problem in loaded.problems:
                err.print(Text(str(problem)))
        rows = [
            (each.rule.id, each.rule.status, each.rule.severity, each.rule.title, len(each.anchors), each.version[:12]) for each in compiled
        ]
        if as_json:
            print_json([dict(zip(("id", "status", "severity", "title", "anchors", "version"), row, strict=True)) for row in rows])
        else:
            out.print(table(f"{len(rows)} rules", ["id", "status", "severity", "title", "words", "version"], rows, right=[4]))


@rules.command("check", help="Read the rules and run their own tests; exit code 3 when one is wrong.")
def check(config: Config = DEFAULT_CONFIG, folder: Folder = None, as_json: AsJson = False) -> None:
    with errors_told():
        loaded = load_folder(folder or settings_from(config).rules_folder)
        tests = sum(len(each.rule.tests) for each in loaded.rules)
        if as_json:
            print_json({"rules": len(loaded.rules), "tests": tests, "problems": loaded.problems})
        else:
            _tell(loaded.problems)
            if loaded.problems:
                err.print(f"{len(loaded.problems)} problem(s); {len(loaded.rules)} other rules are fine.")
            else:
                out.print(f"{len(loaded.rules)} rules are fine; {tests} tests passed.")
        if loaded.problems:
            raise typer.Exit(EXIT_BAD_CONFIGURATION)


@rules.command("apply", help="Check, test and publish the rules; workers follow within seconds. A broken file changes nothing.")
def apply(config: Config = DEFAULT_CONFIG, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    with errors_told():
        applied = apply_folder(settings_with_kafka(config, "lagebild rules apply"), dry_run=dry_run)
        if as_json:
            print_json(applied)
        elif applied.problems:
            _tell(applied.problems)
            err.print("Nothing was published; the rules that are active stay.")
        else:
            would = "would be " if dry_run else ""
            names = ", ".join((*applied.changed, *(f"{each} (removed)" for each in applied.removed)))
            out.print(f"{names or 'No rule'} {would}published; {applied.active} rules in all.")
        if applied.problems:
            raise typer.Exit(EXIT_BAD_CONFIGURATION)


@rules.command("try", help="Which rules match a text, and where; the text comes from the argument, --file or standard input.")
def try_rules(
    text: Annotated[str | None, typer.Argument(help="The text.", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file with the text.", show_default=False)] = None,
    title: Annotated[str, typer.Option(help="A title for it.")] = "",
    language: Annotated[str, typer.Option(help="Its language, ISO 639-1.")] = "und",
    config: Config = DEFAULT_CONFIG,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        loaded = load_folder(folder or settings_from(config).rules_folder)
        if loaded.problems:
            raise BadConfiguration(list(loaded.problems))
        body = _text(text, file)
        found = try_text(rule_set(loaded), body, title=title, language=language)
        if as_json:
            print_json([_as_json(each) for each in found])
        elif not found:
            out.print("No rule matches.")
        else:
            _show(found, shown(title), shown(body))
        if not found:
            raise typer.Exit(EXIT_FINDINGS)


def rule_set(loaded: Loaded) -> RuleSet:
    """The loaded rules, ready to match."""
    return RuleSet().changed(loaded.rules)


def _text(text: str | None, file: Path | None) -> str:
    if text is not None:
        return text
    if file is not None:
        return file.read_text(encoding="utf-8", errors="replace")
    if sys.stdin.isatty():
        err.print("Give a text, --file FILE, or pipe one in.")
        raise typer.Exit(EXIT_USAGE)
    return sys.stdin.read()


def _as_json(match: Match) -> dict[str, Any]:
    return {
        "rule": match.rule_id,
        "title": match.title,
        "severity": match.severity,
        "hits": [
            {"term": hit.term, "surface": hit.surface, "mode": hit.mode, "field": hit.field, "start": hit.start, "end": hit.end}
            for hit in match.hits
        ],
    }


def _show(found: tuple[Match, ...], title: str, body: str) -> None:
    for match in found:
        out.print(Text(f"{match.rule_id} ({match.severity}): {match.title}", style="bold"))
        for hit in match.hits:
            source = title if hit.field == "title" else body
            line = Text("  ")
            line.append(printable(source[hit.sentence_start : hit.start]))
            line.append(printable(hit.surface), style="reverse")
            line.append(printable(source[hit.end : hit.sentence_end]))
            line.append(f"   [{hit.term}, {hit.mode}, {hit.field} {hit.start}-{hit.end}]", style="dim")
            out.print(line)


def _tell(problems: tuple[Problem, ...]) -> None:
    for each in problems:
        err.print(Text(str(each)))

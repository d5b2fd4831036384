"""Rule files written, compared and rewritten: `new`, `diff`, `fmt`."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pipeline import whole_file
from pipeline.commands.rules_folder import Folder, loaded_from, recogniser_beside, rule_set, sound
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    EXIT_USAGE,
    AsJson,
    Config,
    err,
    errors_told,
    need_kafka,
    out,
    print_json,
    printable,
    settings_from,
)
from pipeline.errors import LagebildError
from pipeline.rules import new as new_rule
from pipeline.rules.apply import published
from pipeline.rules.compiled import RuleSet
from pipeline.rules.difference import Changed, differences
from pipeline.rules.formatting import formatted
from pipeline.rules.load import load_folder


class Severity(StrEnum):
    info, low, medium, high, critical = "info", "low", "medium", "high", "critical"


class To(StrEnum):
    query, clauses = "query", "clauses"


_STYLES = {"+": "green", "-": "red", "~": "yellow"}


def add_to(rules: typer.Typer) -> None:
    rules.command("new", help="Write a commented rule file to start from; never overwrites one.")(create)
    rules.command(
        "diff", help="What `apply` would change: rules added, removed and changed, with their words and settings; exit code 1 if any."
    )(diff)
    rules.command("fmt", help="Rewrite the words of rule files as one query, or as lists of clauses; the rest stays.")(fmt)


def create(
    rule_id: Annotated[str, typer.Argument(help="Its id: small letters, digits and hyphens.")],
    term: Annotated[
        list[str] | None, typer.Option("--term", help="A word to look for (may be given several times).", show_default=False)
    ] = None,
    query: Annotated[str, typer.Option(help="A query instead of terms.", show_default=False)] = "",
    title: Annotated[str, typer.Option(help="What people read.", show_default=False)] = "",
    severity: Annotated[Severity, typer.Option(help="How loud it is.")] = Severity.medium,
    language: Annotated[list[str] | None, typer.Option("--lang", help="Only articles in this language.", show_default=False)] = None,
    owner: Annotated[str, typer.Option(help="Who cares for it.", show_default=False)] = "",
    route: Annotated[list[str] | None, typer.Option("--route", help="A receiver.", show_default=False)] = None,
    expires: Annotated[str, typer.Option(help="For how long: 12h, 7d, never.")] = "never",
    config: Config = DEFAULT_CONFIG,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        if bool(term) == bool(query):
            err.print("Say what to look for: --term WORD (once or more), or --query QUERY.")
            raise typer.Exit(EXIT_USAGE)
        text = new_rule.written(
            rule_id,
            terms=term or (),
            query=query,
            title=title,
            severity=severity.value,
            languages=language or (),
            owner=owner,
            route=route or (),
            expires_at=new_rule.expiry(expires, datetime.now(UTC)),
        )
        path = new_rule.create(folder or settings_from(config).rules_folder, rule_id, text)
        if as_json:
            print_json({"file": path, "text": text})
        else:
            out.print(Text(f"{path} is written. Add tests to it, then: lagebild rules check"))


def diff(
    config: Config = DEFAULT_CONFIG,
    folder: Folder = None,
    against: Annotated[
        Path | None, typer.Option(help="Another folder to compare with, instead of what workers follow now.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        loaded = sound(loaded_from(config, folder) if against is None else loaded_from(config, folder).own)
        before = (
            _active(config) if against is None else rule_set(sound(load_folder(against, recogniser=recogniser_beside(config, against))))
        )
        found = differences(before.rules, {each.rule.id: each for each in loaded.rules})
        routing = before.routing != loaded.routing
        if as_json:
            print_json({"rules": found, "routing": routing})
        elif not found and not routing:
            out.print("The folder and the active rules are the same." if against is None else "Both are the same.")
        else:
            _show(found, routing)
        if found or routing:
            raise typer.Exit(EXIT_FINDINGS)


def _active(config: Path) -> RuleSet:
    """The rules that workers follow now. Where no broker answers nobody knows which: that they are none would be a guess."""
    settings = settings_from(config)
    need_kafka(settings, "lagebild rules diff", "or compare with a folder: --against FOLDER. `lagebild rules check` needs neither")
    return published(settings).current


def _show(found: tuple[Changed, ...], routing: bool) -> None:
    for each in found:
        out.print(Text(f"{each.rule_id} {each.kind}", style="bold"))
        for line in each.lines:
            out.print(Text(f"  {printable(line)}", style=_STYLES.get(line[:1], "")))
    if routing:
        out.print(Text("routing changed", style="bold"))


def fmt(
    files: Annotated[list[Path], typer.Argument(help="Rule files.")],
    to: Annotated[To, typer.Option(help="The form to write.")] = To.clauses,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 when a file would change.")] = False,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        changed = []
        for path in files:
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise LagebildError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
            found = formatted(text, str(path), to.value)
            if found != text:
                changed.append(path)
                if not check:
                    whole_file.put(path, found.encode())
        if as_json:
            print_json({"changed": changed})
        else:
            for path in changed:
                out.print(Text(f"{path} {'would be rewritten' if check else 'is rewritten'}"))
        if changed and check:
            raise typer.Exit(EXIT_FINDINGS)

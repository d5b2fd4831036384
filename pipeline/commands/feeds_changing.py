"""`lagebild feeds add | import | export | pause`: the list of sources in the configuration file, whose comments stay."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from pipeline.commands.feeds_looking import looked
from pipeline.commands.feeds_trying import UNNAMED, check_allowances, refused, source_of, with_option
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    EXIT_USAGE,
    AsJson,
    Config,
    counted,
    err,
    errors_told,
    out,
    print_json,
    printable,
    settings_from,
    table,
)
from pipeline.errors import LagebildError, Permanent
from pipeline.located import nearest
from pipeline.outgoing.address import url_problem, without_query
from pipeline.plugins import Batch
from pipeline.rules.compiled import RuleSet
from pipeline.settings import Settings
from pipeline.subscriptions import amending, opml, planning
from pipeline.subscriptions.opml import Outline
from pipeline.subscriptions.planning import Plan, Skipped

_OPTIONS = {"id": "--id", "country": "--country", "every_seconds": "--every"}
_RESTART = "A running collector takes it up at its next start."

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")]


def add_to(app: typer.Typer) -> None:
    app.command("add", help="Try the feed at an address (or the one that a web page names) and add it to the configuration.")(add)
    app.command("import", help="Add the feeds of an OPML file; those that are there already are passed over, each with its reason.")(
        import_list
    )
    app.command("export", help="Write the sources as OPML, for other readers and for import; secrets stay out.")(export_list)
    app.command("pause", help="Keep a source but do not fetch it; --resume takes it up again.")(pause)


def add(
    url: Annotated[str, typer.Argument(help="The address of a feed, or of a page that names its feeds.")],
    id: Annotated[str, typer.Option("--id", help="Its id; else made of its title.")] = "",
    name: Annotated[str, typer.Option(help="What people see; else the feed's title.")] = "",
    country: Annotated[str, typer.Option(help="ISO code of the publisher's country.")] = "",
    every: Annotated[float | None, typer.Option(help="Seconds between two fetches; else the feed's own rhythm.")] = None,
    allow_private: Annotated[list[str] | None, typer.Option(help="A host or network that may be private.")] = None,
    config: Config = DEFAULT_CONFIG,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        settings = settings_from(config)
        given = {
            "id": id,
            "country": country,
            "every_seconds": every,
            "options": {"allow_private": allow_private} if allow_private else None,
        }
        said = {key: value for key, value in given.items() if value not in (None, "")}
        _check(url, said, allow_private or [])
        address, about = _feed_at(url, settings, allow_private or [])
        wanted = Outline(
            url=address,
            title=name or str(about.get("title", "")),
            language=str(about.get("language", "")),
            settings=said,
        )
        plan = planning.planned([wanted], settings.sources, trusted=True)
        if plan.skipped:
            raise LagebildError(f"{plan.skipped[0].url} is not added: {plan.skipped[0].why}")
        _write(config, plan, dry_run=dry_run, as_json=as_json)


def _check(url: str, said: Mapping[str, Any], allow_private: list[str]) -> None:
    """Exits with a usage error for what would be refused after the feed was fetched."""
    if problem := url_problem(url):
        raise refused(f"{without_query(url)!r} {problem}")
    check_allowances(allow_private)
    if problem := planning.entry_problem({"id": UNNAMED, "connector": planning.CONNECTOR, **said}):
        name, colon, why = problem.partition(":")
        raise refused(f"{_OPTIONS.get(name, name)}{colon}{why}")


def _feed_at(url: str, settings: Settings, allow_private: list[str]) -> tuple[str, Mapping[str, Any]]:
    """The address of the feed, and what it says of itself. Raises LagebildError when there is none, or when a page names several."""
    found = _first_look(url, settings, allow_private)
    named = found.about.get("feeds", [])
    if len(named) == 1:
        err.print(Text(f"The page names one feed: {named[0][0]}"))
        url = named[0][0]
        found = _first_look(url, settings, allow_private)
    elif named:
        raise LagebildError(
            "\n".join([f"the page names {len(named)} feeds; add one of them:", *(f"  {each[0]}  {each[1]}" for each in named)])
        )
    if found.unreadable and not found.articles:
        raise LagebildError(f"{found.unreadable[0].detail}; nothing was added")
    return url, found.about


def _first_look(url: str, settings: Settings, allow_private: list[str]) -> Batch:
    try:
        return looked(settings, source_of(url, settings, planning.CONNECTOR, allow_private), RuleSet()).first
    except Permanent as error:
        raise LagebildError(with_option(error)) from error


def import_list(
    file: Annotated[Path, typer.Argument(help="The OPML file; - reads standard input.")],
    trusted: Annotated[
        bool, typer.Option("--trusted", help="The list is our own export: take options such as allow_private from it.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        settings = settings_from(config)
        try:
            listed = opml.read(sys.stdin.buffer.read(opml.MAX_BYTES + 1) if str(file) == "-" else file.read_bytes())
        except OSError as error:
            err.print(Text(f"{file} cannot be read: {error.strerror}"))
            raise typer.Exit(EXIT_USAGE) from None
        except opml.NotOpml as error:
            raise LagebildError(f"{file} cannot be imported: {error}") from error
        plan = planning.planned(listed.outlines, settings.sources, trusted=trusted)
        _write(config, plan, listed.notes, dry_run=dry_run, as_json=as_json)


def _write(config: Path, plan: Plan, notes: Sequence[str] = (), *, dry_run: bool, as_json: bool) -> None:
    if plan.added and not dry_run:
        amending.add_sources(config, plan.added)
    if as_json:
        print_json({"added": plan.added, "skipped": [_skipped(each) for each in plan.skipped], "notes": notes, "dry_run": dry_run})
    else:
        _show(config, plan, notes, dry_run=dry_run)
    if notes or plan.is_in_vain:
        raise typer.Exit(EXIT_FINDINGS)


def _show(config: Path, plan: Plan, notes: Sequence[str], *, dry_run: bool) -> None:
    rows = [(each["id"], each.get("name", ""), each.get("language", ""), each["options"]["url"]) for each in plan.added]
    out.print(table(f"{counted(len(rows), 'source')} {_verb(len(rows), dry_run)} added", ["id", "name", "language", "address"], rows))
    if plan.skipped:
        left = [(each.title, each.url, each.why) for each in plan.skipped]
        out.print(table(f"{len(left)} {_verb(len(left), False)} passed over", ["title", "address", "why"], left))
    for each in notes:
        err.print(Text(printable(each)))
    if plan.skipped:
        err.print(
            f"{len(plan.skipped)} of {len(plan.added) + len(plan.skipped)} feeds {'would not be' if dry_run else 'were not'} imported; the table says why."
        )
    if plan.added and not dry_run:
        err.print(f"Written to {config}. {_RESTART}")


def _verb(count: int, dry_run: bool) -> str:
    return "would be" if dry_run else "was" if count == 1 else "were"


def _skipped(each: Skipped) -> dict[str, str]:
    return {"url": each.url, "title": each.title, "why": each.why}


def export_list(
    file: Annotated[Path, typer.Argument(help="Where to write; - is standard output.")] = Path("-"),
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Take request headers and keys in addresses along: for a list that stays with you.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        outlines, skipped = planning.exported(settings_from(config).sources, with_secrets=with_secrets)
        document = opml.written("Lagebild", outlines)
        if as_json:
            listed = [{"url": each.url, "title": each.title, "language": each.language, **each.settings} for each in outlines]
            print_json({"exported": listed, "skipped": [_skipped(each) for each in skipped]})
            if str(file) == "-":
                return
        if str(file) == "-":
            sys.stdout.write(document.decode())
        else:
            try:
                file.write_bytes(document)
            except OSError as error:
                raise LagebildError(f"{file} cannot be written: {error.strerror}") from error
        for each in () if as_json else skipped:
            err.print(Text(printable(f"{each.url}: {each.why}")))
        err.print(f"{counted(len(outlines), 'source')} {_verb(len(outlines), False)} exported.")


def pause(
    source_id: Annotated[str, typer.Argument(metavar="SOURCE", help="A configured source's id.")],
    resume: Annotated[bool, typer.Option("--resume", help="Fetch it again.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        known = [each.id for each in settings_from(config).sources]
        if source_id not in known:
            raise refused(f"There is no source {source_id!r}.{nearest(source_id, known)}")
        changed = amending.set_paused(config, source_id, paused=not resume)
        if as_json:
            print_json({"source": source_id, "paused": not resume, "changed": changed})
            return
        state = "fetched" if resume else "paused"
        out.print(Text(f"{source_id} is {state} from now on. {_RESTART}" if changed else f"{source_id} is {state} already."))

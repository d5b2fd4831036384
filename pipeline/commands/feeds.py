"""`lagebild feeds`: the sources, how they are doing, and what one of them would bring."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from pipeline import broker, plugins, sources, topology
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
    settings_from,
    settings_with_kafka,
    table,
)
from pipeline.errors import LagebildError
from pipeline.located import nearest
from pipeline.plugins import Batch, Context
from pipeline.sections import SourceSettings
from pipeline.settings import Settings

feeds = typer.Typer(help="Sources and their health.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(feeds, name="feeds")


@feeds.command("list", help="The configured sources.")
def list_feeds(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    with errors_told():
        configured = settings_from(config).sources
        if as_json:
            print_json([each.model_dump(exclude={"options"}) for each in configured])
            return
        rows = [
            (each.id, each.connector, each.name, each.country, each.every_seconds, "paused" if each.paused else "") for each in configured
        ]
        out.print(table(f"{len(rows)} sources", ["id", "connector", "name", "country", "every s", ""], rows, right=[4]))


@feeds.command("health", help="How each source is doing; exit code 1 when one is failing or silent.")
def health(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    with errors_told():
        settings = settings_with_kafka(config, "lagebild feeds health")
        known: dict[str, sources.SourceHealth] = {}
        for record in broker.read_to_end(settings.kafka, settings.topic(topology.HEALTH)):
            if record.value is not None:
                found = sources.decode(record.value)
                known[found.source_id] = found
        listed = [
            known.get(each.id, sources.SourceHealth(source_id=each.id, name=each.name, connector=each.connector))
            for each in settings.sources
        ]
        if as_json:
            print_json([msgspec.to_builtins(each) for each in listed])
        else:
            rows = [
                (
                    each.source_id,
                    each.state,
                    _ago(each.last_success_at),
                    _ago(each.last_article_at),
                    each.articles,
                    each.unreadable,
                    each.possible_losses,
                    each.left_out,
                    each.last_error or each.note,
                )
                for each in listed
            ]
            columns = ["source", "state", "last success", "last article", "articles", "unreadable", "gaps", "left out", "what to know"]
            out.print(table(f"{len(rows)} sources", columns, rows, right=[4, 5, 6, 7]))
        if any(each.state in ("failing", "silent") for each in listed):
            raise typer.Exit(EXIT_FINDINGS)


@feeds.command("test", help="Fetch one source once and show what it brings; nothing is saved or published.")
def test_feed(
    source_id: Annotated[str, typer.Argument(metavar="SOURCE", help="A configured source's id.")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        settings = settings_from(config)
        source = next((each for each in settings.sources if each.id == source_id), None)
        if source is None:
            err.print(Text(f"There is no source {source_id!r}.{nearest(source_id, [each.id for each in settings.sources])}"))
            raise typer.Exit(EXIT_USAGE)
        try:
            batch = fetch_once(settings, source)
        except LagebildError as error:
            raise LagebildError(f"{source_id} failed: {error}") from error
        if as_json:
            print_json(_described(batch))
            return
        rows = [(each.title[:100], each.dates.published_raw, each.authors[0] if each.authors else "", each.url) for each in batch.articles]
        out.print(table(f"{len(rows)} articles", ["title", "published", "author", "address"], rows))
        for unreadable in batch.unreadable:
            err.print(Text(printable(f"unreadable: {unreadable.named_detail}")))


def fetch_once(settings: Settings, source: SourceSettings) -> Batch:
    """What one fetch from the beginning brings. Raises what the connector raises."""
    module = plugins.load("connectors", source.connector, settings.plugin_folders)
    options = module.Options.model_validate(source.options)
    if settings.contact and not getattr(options, "contact", settings.contact):
        options = options.model_copy(update={"contact": settings.contact})
    connector = plugins.make(module, options, Context(source.id, settings.folder))
    with plugins.faults_named(source.connector, module.__file__):
        fetched: Batch = connector.fetch({})
    return fetched


def _described(batch: Batch) -> dict[str, Any]:
    articles = [{"id": each.id, "title": each.title, "url": each.url, "published": each.dates.published_raw} for each in batch.articles]
    unreadable = [{"subject": each.subject, "reason": each.reason, "detail": each.detail} for each in batch.unreadable]
    return {"articles": articles, "unreadable": unreadable, "wait_seconds": batch.wait_seconds}


def _ago(at: datetime | None) -> str:
    """How long ago, in words that stay short."""
    if at is None:
        return "never"
    seconds = (datetime.now(UTC) - at).total_seconds()
    for limit, size, unit in ((120, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            return f"{max(seconds, 0) / size:.0f} {unit} ago"
    return f"{seconds / 86_400:.0f} days ago"

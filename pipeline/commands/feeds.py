"""`lagebild feeds`: the sources and how they are doing. What one would bring is in `feeds_trying`, what changes them in `feeds_changing`."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import typer

from pipeline import broker, sources, topology
from pipeline.commands import feeds_changing, feeds_extract, feeds_trying
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    AsJson,
    Config,
    errors_told,
    out,
    print_json,
    settings_from,
    settings_with_kafka,
    table,
)
from pipeline.sections import SourceSettings

feeds = typer.Typer(help="Sources and their health.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    feeds_trying.add_to(feeds)
    feeds_changing.add_to(feeds)
    feeds_extract.add_to(feeds)
    app.add_typer(feeds, name="feeds")


@feeds.command("list", help="The configured sources.")
def list_feeds(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    with errors_told():
        configured = settings_from(config).sources
        if as_json:
            print_json([each.model_dump(exclude={"options"}) for each in configured])
            return
        rows = [(each.id, each.connector, each.name, each.country, _pace(each), "paused" if each.paused else "") for each in configured]
        out.print(table(f"{len(rows)} sources", ["id", "connector", "name", "country", "every s", ""], rows, right=[4]))


@feeds.command("health", help="How each source is doing; exit code 1 when one is failing or silent, or its canary is missing.")
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
                    _pushed(each.push),
                    _canary(each),
                    each.last_error or each.note,
                )
                for each in listed
            ]
            columns = [
                "source",
                "state",
                "last success",
                "last article",
                "articles",
                "unreadable",
                "gaps",
                "left out",
                "hub",
                "canary",
                "what to know",
            ]
            out.print(table(f"{len(rows)} sources", columns, rows, right=[4, 5, 6, 7]))
        if any(each.state in ("failing", "silent") or each.canary_told_at for each in listed):
            raise typer.Exit(EXIT_FINDINGS)


def _pace(source: SourceSettings) -> str:
    """The configured pause; without one the connector follows the source's own rhythm, where it knows one."""
    return f"{source.every_seconds:g}" if "every_seconds" in source.model_fields_set else "its own"


def _pushed(push: sources.Push | None) -> str:
    """How things stand with the hub of a feed; "" for one that is only polled."""
    if push is None:
        return ""
    if push.state == "pushes":
        return f"pushed {_ago(push.last_at)}" if push.last_at else "confirmed"
    return push.state


def _canary(health: sources.SourceHealth) -> str:
    """How long the last canary took from source to alert, and when that was; "" for a source that carries none."""
    if health.canary_told_at is not None:
        return f"missing since {_ago(health.canary_waiting_since)}"
    if health.canary_seconds is None:
        return "" if health.canary_sent_at is None else "on its way"
    return f"{health.canary_seconds:.2f} s, {_ago(health.canary_heard_at)}"


def _ago(at: datetime | None) -> str:
    """How long ago, in words that stay short."""
    if at is None:
        return "never"
    seconds = (datetime.now(UTC) - at).total_seconds()
    for limit, size, unit in ((120, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            return f"{max(seconds, 0) / size:.0f} {unit} ago"
    return f"{seconds / 86_400:.0f} days ago"

"""`lagebild alerts`: what rang, why, who was told, and what people said of it."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import msgspec
import typer
from rich.text import Text

from pipeline import broker, topology
from pipeline.alerter import State, read_state
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    AsJson,
    Config,
    err,
    errors_told,
    out,
    print_json,
    settings_with_kafka,
    table,
)
from pipeline.episode import Command, Episode

alerts = typer.Typer(help="Alerts: episodes and who was told.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(alerts, name="alerts")


@alerts.command("list", help="The newest episodes; --all also those that are closed.")
def list_alerts(
    config: Config = DEFAULT_CONFIG,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        settings = settings_with_kafka(config, "lagebild alerts")
        state = read_state(settings)
        episodes = sorted(state.episodes.values(), key=lambda each: each.last_match_at, reverse=True)
        shown = [each for each in episodes if everything or each.state != "closed"][:count]
        if as_json:
            print_json([_described(each, state) for each in shown])
            return
        rows = [
            (
                each.id[:10],
                each.severity,
                each.rule_id,
                f"{each.last_match_at:%Y-%m-%d %H:%M:%S}",
                f"{each.article_count} / {len(each.sources)}",
                each.state
                + (f", acknowledged by {each.acknowledged_by}" if each.acknowledged_by else "")
                + (", shadow" if each.shadow else ""),
                ", ".join(_told(each, state)) or "nobody",
                each.message.headline,
            )
            for each in shown
        ]
        columns = ["id", "severity", "rule", "last match (UTC)", "articles / sources", "state", "told", "headline"]
        out.print(table(f"{len(rows)} episodes", columns, rows, right=[4]))


@alerts.command("acknowledge", help="Say that somebody has taken care of an episode.")
def acknowledge(
    episode: Annotated[str, typer.Argument(help="The episode's id, or its beginning.")],
    config: Config = DEFAULT_CONFIG,
    by: Annotated[str, typer.Option(help="Who says so.")] = "",
    note: Annotated[str, typer.Option(help="A remark for the others.")] = "",
    as_json: AsJson = False,
) -> None:
    with errors_told():
        settings = settings_with_kafka(config, "lagebild alerts")
        found = [each for each in read_state(settings).episodes if each.startswith(episode)]
        if len(found) != 1:
            err.print(Text(f"{len(found)} episodes begin with {episode!r}; `lagebild alerts list` names them."))
            raise typer.Exit(EXIT_FINDINGS)
        command = Command(
            id=uuid4().hex, episode_id=found[0], kind="acknowledge", by=by or getpass.getuser(), at=datetime.now(UTC), text=note
        )
        publisher = broker.Publisher(settings.kafka)
        try:
            publisher.send(settings.topic(topology.COMMANDS), command.episode_id, msgspec.json.encode(command))
            publisher.confirm()
        finally:
            publisher.close()
        if as_json:
            print_json(command)
            return
        out.print(f"{found[0][:10]} is acknowledged by {command.by}.")


def _told(episode: Episode, state: State) -> list[str]:
    return sorted(f"{each.receiver} ({each.kind} {each.state})" for each in state.notifications.values() if each.episode_id == episode.id)


def _described(episode: Episode, state: State) -> dict[str, Any]:
    notifications = [msgspec.to_builtins(each) for each in state.notifications.values() if each.episode_id == episode.id]
    return {
        **msgspec.to_builtins(episode),
        "notifications": [{key: each[key] for key in each if key != "message"} for each in notifications],
    }

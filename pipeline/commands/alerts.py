"""`lagebild alerts`: what rang, why, who was told, and what people decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from pipeline.commands import alerts_asking, alerts_saying, alerts_silencing, times
from pipeline.commands.refusals import errors_answered
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    AsJson,
    Config,
    counted,
    err,
    out,
    print_json,
    printable,
    reading,
    settings_with_kafka,
    table,
)
from pipeline.episode import Episode
from pipeline.inquiry import gathering
from pipeline.inquiry.choosing import Wanted, chosen
from pipeline.inquiry.ledger import Ledger
from pipeline.inquiry.words import part_words, silence_words, state_words, told_words, within
from pipeline.routing.why import is_spoken_for, leading

alerts = typer.Typer(help="Alerts: episodes, who was told, and what people decide about them.", no_args_is_help=True)
for each_group in (alerts_saying, alerts_silencing, alerts_asking):
    each_group.add_to(alerts)

# With fewer characters to a line, eight columns are no table any more.
_WIDTH_OF_COLUMNS = 140
_LEFT_OUT = ("told", "readable", "sentences", "matches", "commands")


def add_to(app: typer.Typer) -> None:
    app.add_typer(alerts, name="alerts")


@alerts.command("list", help="The newest episodes; --all also those that are closed.")
def list_alerts(
    config: Config = DEFAULT_CONFIG,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    open_only: Annotated[bool, typer.Option("--open", help="Only those about which something may be left to do.")] = False,
    rule: Annotated[str, typer.Option(help="Only those of this rule.")] = "",
    since: Annotated[str, typer.Option(help="Only those that matched since then: 24h, 2026-11-20, …")] = "",
    situation: Annotated[
        str, typer.Option(help="Only those of this situation, by the id (or its beginning) of the episode that leads it.")
    ] = "",
    verdict: Annotated[str, typer.Option(help="confirmed, denied, false_alarm or none.")] = "",
    assigned: Annotated[str, typer.Option(help="Whose they are, or none.")] = "",
    acknowledged: Annotated[bool | None, typer.Option("--acknowledged/--unacknowledged", help="Somebody has seen it, or nobody.")] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    with errors_answered(as_json):
        settings = settings_with_kafka(config, "lagebild alerts")
        since_at = times.instant(since, datetime.now(UTC), settings.time_zone) if since else None
        wanted = Wanted(
            open=open_only,
            rule=rule,
            since=since_at,
            situation=situation,
            verdict=verdict.replace(" ", "_").replace("-", "_"),
            assigned=assigned,
            acknowledged=acknowledged,
            closed_too=everything,
        )
        with reading("alerts") as progress:
            ledger = gathering.ledger(settings, progress)
        shown = chosen(ledger.episodes.values(), wanted)[:count]
        if as_json:
            print_json([_described(each, ledger) for each in shown])
            return
        rows = [_row(each, ledger, settings.time_zone) for each in shown]
        out.print(_listed(rows, out.width < _WIDTH_OF_COLUMNS))
        _tell_unreadable(ledger)


def _listed(rows: Sequence[Sequence[str]], narrow: bool) -> Table:
    """The episodes as a table; on a `narrow` terminal with what is said of one below each other."""
    if not narrow:
        columns = ["id", "severity", "rule", "last match", "articles / sources", "state", "told", "headline"]
        return table(counted(len(rows), "episode"), columns, rows, right=[4], whole=[0, 3])
    stacked = [
        (id, f"{headline}\n{rule}, {severity}, {size} articles / sources\n{at}: {state}\ntold: {told}")
        for id, severity, rule, at, size, state, told, headline in rows
    ]
    return table(counted(len(rows), "episode"), ["id", "what"], stacked, whole=[0])


def _row(episode: Episode, ledger: Ledger, zone: str) -> tuple[str, ...]:
    told = sorted({f"{each.receiver} ({each.kind} {each.state})" for each in ledger.told(episode.id)})
    return (
        episode.id[:10],
        episode.severity,
        episode.rule_id,
        times.shown(episode.last_match_at, zone),
        f"{episode.article_count} / {len(episode.sources)}",
        state_words(episode),
        ", ".join(told) or (_voice(episode, ledger, zone) if is_spoken_for(episode) else "nobody"),
        episode.message.headline,
    )


def _voice(episode: Episode, ledger: Ledger, zone: str) -> str:
    leader = leading(episode, ledger.episodes)
    return part_words(leader.id if leader else episode.situation_id, leader, zone)


@alerts.command("show", help="Everything about one episode: its articles, who was told when, verdicts, notes and decisions.")
def show(
    episode: Annotated[str, typer.Argument(help="The episode's id, or its beginning.")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    with errors_answered(as_json):
        settings = settings_with_kafka(config, "lagebild alerts show")
        with reading("the episode") as progress:
            ledger = gathering.ledger(settings, progress)
        found = ledger.episode(episode)
        if as_json:
            print_json(_described(found, ledger) | {"audit": ledger.decided(found.id)})
            return
        _print_episode(found, ledger, settings.time_zone)
        _tell_unreadable(ledger)


def _print_episode(episode: Episode, ledger: Ledger, zone: str) -> None:
    message = episode.message
    out.print(Text(printable(message.headline) or "(no headline)", style="bold"))
    situation = "" if episode.situation_id in ("", episode.id) else f", situation {episode.situation_id}"
    first = episode.members[0] if episode.members else None
    rows: list[tuple[str, object]] = [
        ("episode", f"{episode.id} (number {episode.opened_seq} of its story{situation})"),
        ("rule", f"{episode.rule_id} “{episode.rule_title}”, {episode.severity}, version {episode.rule_version or 'unknown'}"),
        ("state", state_words(episode)),
        ("opened", f"{times.shown(episode.opened_at, zone)}, last match {times.shown(episode.last_match_at, zone)}"),
        ("first source", f"{first.source_name} {times.shown(first.at, zone)}" if first else ""),
        (
            "size",
            f"{counted(episode.article_count, 'article')} of {counted(len(episode.sources), 'source')}, {episode.match_count} matched, {episode.folded} folded",
        ),
        ("acknowledged", _acknowledged(episode, zone)),
        ("escalated", times.shown(episode.escalated_at, zone) if episode.escalated_at else ""),
        ("assigned", episode.assigned_to),
        ("withheld", ", ".join(f"{why} {count}" for why, count in sorted(episode.withheld.items()))),
    ]
    out.print(table("", ["", ""], [row for row in rows if row[1]]))
    members = [(times.shown(each.at, zone), each.source_name, each.role, each.title, each.url) for each in episode.members]
    if members:
        out.print(table(counted(len(members), "article"), ["seen", "source", "role", "title", "address"], members, whole=[0]))
    else:
        out.print("No articles: the rule tells of silence." if message.why == "silent" else "No articles are recorded.")
    told = [(times.shown(each.created_at, zone), told_words(each, ledger.silences, zone)) for each in ledger.told(episode.id)]
    out.print(table(counted(len(told), "message"), ["made", "to whom, and what came of it"], told, whole=[0]))
    notes = [(times.shown(each.at, zone), each.by, each.text) for each in episode.notes]
    if notes:
        out.print(table(counted(len(notes), "note"), ["at", "by", "note"], notes, whole=[0]))
    decided = [(times.shown(each.at, zone), each.command.by, each.command.kind, each.outcome) for each in ledger.decided(episode.id)]
    if decided:
        out.print(table(counted(len(decided), "decision"), ["at", "by", "what", "outcome"], decided, whole=[0]))
    running = [each for each in ledger.running(datetime.now(UTC)) if episode.id in each.episodes]
    for each in running:
        err.print(
            Text(printable(f"Silent until {times.shown(each.ends_at, zone)}: {silence_words(each)}, by {each.author}: {each.reason}"))
        )


def _acknowledged(episode: Episode, zone: str) -> str:
    if not episode.acknowledged_by or episode.acknowledged_at is None:
        return ""
    after = within((episode.acknowledged_at - episode.opened_at).total_seconds())
    return f"by {episode.acknowledged_by} {times.shown(episode.acknowledged_at, zone)}, {after} after it was opened"


def _tell_unreadable(ledger: Ledger) -> None:
    if ledger.unreadable:
        err.print(f"{ledger.unreadable} records could not be read and are left out.")


def _described(episode: Episode, ledger: Ledger) -> dict[str, Any]:
    plain = {name: value for name, value in msgspec.to_builtins(episode).items() if name not in _LEFT_OUT}
    notifications = [msgspec.to_builtins(each) for each in ledger.told(episode.id)]
    return {**plain, "notifications": [{key: each[key] for key in each if key != "message"} for each in notifications]}

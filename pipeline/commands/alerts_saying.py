"""`lagebild alerts acknowledge | assign | note | verdict`: what a person says of an episode, and what came of it."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from pipeline import say
from pipeline.commands.refusals import errors_answered
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    EXIT_USAGE,
    AsJson,
    Config,
    err,
    out,
    print_json,
    printable,
    reading,
    settings_with_kafka,
)
from pipeline.decisions import silence_id
from pipeline.episode import Audit, Command, CommandKind
from pipeline.inquiry import gathering
from pipeline.naming import unfit_name
from pipeline.settings import Settings

By = Annotated[str, typer.Option(envvar="LAGEBILD_NAME", help="Who says so; else the name of your account.")]
Wait = Annotated[float, typer.Option("--wait", min=0, max=600, metavar="SECONDS", help="How long to wait for the alerter's answer.")]
EpisodeId = Annotated[str, typer.Argument(metavar="EPISODE", help="The episode's id, or its beginning.")]
NoteText = Annotated[str, typer.Option(help="A remark for the others.")]
WAIT_SECONDS = 5.0
_INSTANT = re.compile(r"\b(2[0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8]) (?:[01][0-9]|2[0-3]):[0-5][0-9]) UTC\b")


def add_to(app: typer.Typer) -> None:
    app.command("acknowledge", help="Say that somebody takes care of an episode. Short: ack.")(acknowledge)
    app.command("ack", help="The same as acknowledge.", hidden=True)(acknowledge)
    app.command("assign", help="Say whose an episode is.")(assign)
    app.command("note", help="Add a remark to an episode.")(note)
    app.command("verdict", help="Say what an episode turned out to be: confirmed, denied, false-alarm, or none to take it back.")(verdict)


def acknowledge(
    episode: EpisodeId,
    config: Config = DEFAULT_CONFIG,
    by: By = "",
    note: NoteText = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take an acknowledgement back.")] = False,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    about_episode(config, episode, "unacknowledge" if undo else "acknowledge", by, wait, as_json, text=note)


def assign(
    episode: EpisodeId,
    to: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is from now on; left out: nobody's.")] = "",
    config: Config = DEFAULT_CONFIG,
    by: By = "",
    note: NoteText = "",
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    about_episode(config, episode, "assign", by, wait, as_json, to=to, text=note)


def note(
    episode: EpisodeId,
    text: Annotated[list[str], typer.Argument(help="The remark.")],
    config: Config = DEFAULT_CONFIG,
    by: By = "",
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    about_episode(config, episode, "note", by, wait, as_json, text=" ".join(text))


def verdict(
    episode: EpisodeId,
    what: Annotated[str, typer.Argument(metavar="VERDICT", help="confirmed, denied, false-alarm or none.")],
    config: Config = DEFAULT_CONFIG,
    by: By = "",
    note: NoteText = "",
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    chosen = what.strip().lower().replace("-", "_").replace(" ", "_")
    if chosen not in ("confirmed", "denied", "false_alarm", "none"):
        raise typer.BadParameter(f"there is no verdict {what!r}: confirmed, denied, false-alarm or none")
    about_episode(config, episode, "verdict", by, wait, as_json, verdict="" if chosen == "none" else chosen, text=note)


def about_episode(config: Any, beginning: str, kind: CommandKind, by: str, wait: float, as_json: bool, **more: Any) -> None:
    """Say it of the one episode whose id begins so, and tell what came of it."""
    with errors_answered(as_json):
        name = who_says(by)
        settings = settings_with_kafka(config, "lagebild alerts")
        with reading("the episode") as progress:
            episode = gathering.ledger(settings, progress).episode(beginning)
        answered(settings, [say.command(kind, name, datetime.now(UTC), episode_id=episode.id, via="command", **more)], wait, as_json)


def who_says(by: str) -> str:
    """The person who decides: `by`, else the account's name. Exits with a usage error when that is nobody who could be asked."""
    try:
        name = by or getpass.getuser()
    except (KeyError, OSError):
        name = f"{os.getuid()}"
    if why := unfit_name(name):
        err.print(Text(printable(f"Decisions carry the name of a person: {why}. Say who you are with --by, or set LAGEBILD_NAME.")))
        raise typer.Exit(EXIT_USAGE)
    return name


def answered(settings: Settings, commands: Sequence[Command], wait: float, as_json: bool) -> None:
    """Publish the commands and tell what the alerter made of each; exit code 1 when one was refused."""
    answers = [(each, say.say_and_hear(settings, each, wait)) for each in commands]
    if as_json:
        print_json([{"command": command, "answer": audit} for command, audit in answers])
    for command, audit in answers:
        if not as_json:
            _tell(command, audit, settings.time_zone)
    if any(audit is not None and audit.outcome.startswith("refused") for _, audit in answers):
        raise typer.Exit(EXIT_FINDINGS)


def _tell(command: Command, audit: Audit | None, zone: str) -> None:
    about = _about(command, audit)
    if audit is None:
        err.print(f"{about}: {command.kind} is recorded; the alerter has not answered yet and carries it out as soon as it runs.")
    elif audit.outcome.startswith("refused"):
        err.print(Text(printable(f"{about}: {in_zone(audit.outcome, zone)}")))
    else:
        out.print(Text(printable(f"{about}: {in_zone(audit.outcome, zone)}")))


def _about(command: Command, audit: Audit | None) -> str:
    """What was spoken of, as `alerts list` and `alerts silences` name it: the silence that was begun, else the episode."""
    if command.kind == "end_silence":
        return command.silence_id[:16]
    if command.kind == "silence" and (not command.episode_id or (audit is not None and audit.changed)):
        return silence_id(command.id)[:16]
    return command.episode_id[:10]


def in_zone(said: str, zone: str) -> str:
    """What the alerter says, which knows no reader's clock, with its instants as people in `zone` read them."""
    return _INSTANT.sub(lambda found: f"{datetime.fromisoformat(f'{found[1]}+00:00').astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}", said)

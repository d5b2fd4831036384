"""What people decide about alerts, carried out or refused: acknowledge, assign, note, verdict, silence. Pure.

Every command leaves an `Audit`, also one that is refused or changes nothing, and carries the name of a person. A command that comes twice changes
nothing the second time. The first acknowledgement stands; a later one of somebody else is a note. What `pipeline.say` and the live page publish
is judged here once more, because anybody may write to the topic of commands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, get_args

import msgspec

from pipeline.episode import Audit, Command, Episode, Note, Silence, Verdict, identity
from pipeline.naming import cleaned, unfit_name
from pipeline.routing.silences import FROM_FILES
from pipeline.silencing import LONGEST_SILENCE_SECONDS, Refused, drafted

MOST_NOTES = 100
MOST_COMMANDS = 200
LONGEST_TEXT = 2_000
LONGEST_ID = 128
# A chain of merged stories is followed so far; a longer one is a ring or a defect.
_MOST_MERGES = 20
_VERDICTS: tuple[str, ...] = get_args(Verdict)


class Known(Protocol):
    """What must be known to judge a command: the episodes and silences by id (`pipeline.alerts.Alerts` has them)."""

    @property
    def episodes(self) -> Mapping[str, Episode]: ...

    @property
    def silences(self) -> Mapping[str, Silence]: ...


@dataclass(frozen=True)
class Obeyed:
    """The records to write; none when nothing changed. `audit.outcome` says what happened, for people."""

    records: tuple[Episode | Silence, ...]
    audit: Audit


@dataclass(frozen=True)
class _Said:
    """A command whose name, time and text were found to be in order, with what it is about."""

    command: Command
    at: datetime
    text: str


def obeyed(alerts: Known, command: Command, now: datetime, longest_silence_seconds: float = LONGEST_SILENCE_SECONDS) -> Obeyed:
    """What the command changes at `now`, its record time. Never raises for what a command may hold."""
    episode = _surviving(alerts, command.episode_id)
    records: tuple[Episode | Silence, ...] = ()
    try:
        said = _in_order(command, episode, now)
        if command.kind in ("silence", "end_silence"):
            records, outcome = _about_silence(alerts, said, episode, now, longest_silence_seconds)
        else:
            records, outcome = _about_episode(said, episode)
    except Refused as refused:
        outcome = f"refused: {refused}"
    if episode is not None and records and episode.id != command.episode_id:
        outcome += f"; the episode goes on as {episode.id}"
    return Obeyed(records, _audit(command, episode, outcome, bool(records), now))


def silence_id(command_id: str) -> str:
    """The id of the silence that the command of this id begins."""
    return identity("silence", command_id)


def key_of(command: Command) -> str:
    """The key of the command's record and of its audit record: the episode, else the silence."""
    return command.episode_id or command.silence_id or silence_id(command.id)


def _surviving(alerts: Known, episode_id: str) -> Episode | None:
    """The episode, or the one that goes on where it was merged into another."""
    episode = alerts.episodes.get(episode_id)
    for _ in range(_MOST_MERGES):
        onward = alerts.episodes.get(episode.merged_into) if episode is not None and episode.merged_into else None
        if onward is None:
            return episode
        episode = onward
    return episode


def _in_order(command: Command, episode: Episode | None, now: datetime) -> _Said:
    if not 0 < len(command.id) <= LONGEST_ID:
        raise Refused(f"a command has an id of 1 to {LONGEST_ID} characters, so that it counts once")
    if why := unfit_name(command.by):
        raise Refused(f"who says so? {why}")
    if command.at.tzinfo is None:
        raise Refused("its time has no offset from UTC")
    if len(command.text) > LONGEST_TEXT:
        raise Refused(f"a text has at most {LONGEST_TEXT:,} characters, this one has {len(command.text):,}")
    # The time is that of the person's clock, but never before the episode and never after the record.
    at = min(max(command.at, episode.opened_at) if episode else command.at, now)
    return _Said(msgspec.structs.replace(command, by=cleaned(command.by)), at, cleaned(command.text))


def _about_episode(said: _Said, episode: Episode | None) -> tuple[tuple[Episode, ...], str]:
    command = said.command
    if episode is None:
        raise Refused(f"there is no episode {command.episode_id[:LONGEST_ID]!r}; `lagebild alerts list` names them")
    if command.id in episode.commands:
        return (), "a repeat: it was carried out before"
    changed, outcome = _EPISODE_COMMANDS[command.kind](said, episode)
    if changed is None:
        return (), outcome
    return (msgspec.structs.replace(changed, commands=(*episode.commands, command.id)[-MOST_COMMANDS:]),), outcome


_Change = tuple[Episode | None, str]


def _noted(episode: Episode, said: _Said, remark: str = "") -> Episode:
    """The episode with one more note, when there is something to note: our remark, then the person's text."""
    text = ": ".join(each for each in (remark, said.text) if each)
    if not text:
        return episode
    notes = (*episode.notes, Note(by=said.command.by, text=text, at=said.at))
    # The first ones tell how it began, the last ones how it stands.
    return msgspec.structs.replace(episode, notes=notes if len(notes) <= MOST_NOTES else (*notes[:10], *notes[-(MOST_NOTES - 10) :]))


def _acknowledge(said: _Said, episode: Episode) -> _Change:
    by = said.command.by
    if episode.acknowledged_by:
        before = f"already acknowledged by {episode.acknowledged_by}"
        own = episode.acknowledged_by == by
        if own and not said.text:
            return None, before
        return _noted(episode, said, "" if own else "has seen it too"), f"noted; {before}"
    changed = msgspec.structs.replace(_noted(episode, said), acknowledged_by=by, acknowledged_at=said.at)
    return changed, f"acknowledged by {by}"


def _unacknowledge(said: _Said, episode: Episode) -> _Change:
    if not episode.acknowledged_by:
        raise Refused("nobody has acknowledged it")
    remark = f"took back the acknowledgement of {episode.acknowledged_by}"
    changed = msgspec.structs.replace(_noted(episode, said, remark), acknowledged_by="", acknowledged_at=None)
    return changed, f"the acknowledgement of {episode.acknowledged_by} was taken back by {said.command.by}"


def _assign(said: _Said, episode: Episode) -> _Change:
    """`to` is a name; "" takes the assignment back."""
    to = cleaned(said.command.to)
    if to and (why := unfit_name(said.command.to)):
        raise Refused(f"assigned to whom? {why}")
    if not to and not episode.assigned_to:
        raise Refused("it is assigned to nobody")
    if to == episode.assigned_to and not said.text:
        return None, f"already assigned to {to}"
    remark = f"took it over from {episode.assigned_to}" if to == said.command.by and episode.assigned_to not in ("", to) else ""
    changed = msgspec.structs.replace(_noted(episode, said, remark), assigned_to=to)
    return changed, f"assigned to {to}" if to else f"no longer assigned to {episode.assigned_to}"


def _note(said: _Said, episode: Episode) -> _Change:
    if not said.text:
        raise Refused("a note has a text")
    return _noted(episode, said), "noted"


def _verdict(said: _Said, episode: Episode) -> _Change:
    """The last verdict stands; one that replaces another leaves a note. "" takes it back."""
    command, before = said.command, episode.verdict
    if command.verdict and command.verdict not in _VERDICTS:
        raise Refused(f"a verdict is one of {', '.join(_VERDICTS)}")
    if not command.verdict and not before:
        raise Refused("there is no verdict to take back")
    if command.verdict == before and not said.text:
        return None, f"already {worded(before)}, says {episode.verdict_by}"
    remark = ""
    if before and command.verdict != before:
        remark = f"{worded(command.verdict) if command.verdict else 'verdict taken back'}, before: {worded(before)} ({episode.verdict_by})"
    changed = _noted(episode, said, remark)
    if command.verdict != before:
        by, at = (command.by, said.at) if command.verdict else ("", None)
        changed = msgspec.structs.replace(changed, verdict=command.verdict, verdict_by=by, verdict_at=at)
    return changed, f"verdict: {worded(command.verdict)}" if command.verdict else f"the verdict {worded(before)} was taken back"


def worded(verdict: str) -> str:
    """The verdict as people say it: "false alarm"."""
    return verdict.replace("_", " ")


_EPISODE_COMMANDS: dict[str, Callable[[_Said, Episode], _Change]] = {
    "acknowledge": _acknowledge,
    "unacknowledge": _unacknowledge,
    "assign": _assign,
    "note": _note,
    "verdict": _verdict,
}


def _about_silence(
    alerts: Known, said: _Said, episode: Episode | None, now: datetime, longest_seconds: float
) -> tuple[tuple[Silence, ...], str]:
    command = said.command
    if command.kind == "end_silence":
        return _end_silence(alerts, said, now)
    made_id = silence_id(command.id)
    if made_id in alerts.silences:
        return (), "a repeat: it was carried out before"
    silence = drafted(command, episode, made_id, said.text, now, timedelta(seconds=longest_seconds))
    for each in alerts.silences.values():
        if set(each.matchers) == set(silence.matchers) and is_running(each, silence.starts_at) and each.ends_at >= silence.ends_at:
            return (), f"already silenced by {each.author} until {each.ends_at:%Y-%m-%d %H:%M} UTC ({each.id})"
    return (silence,), f"silenced by {silence.author} until {silence.ends_at:%Y-%m-%d %H:%M} UTC: {silence.reason}"


def _end_silence(alerts: Known, said: _Said, now: datetime) -> tuple[tuple[Silence, ...], str]:
    silence = alerts.silences.get(said.command.silence_id)
    if silence is None and said.command.silence_id.startswith(FROM_FILES):
        raise Refused("this silence stands in the rule folder: change its file and apply the rules")
    if silence is None:
        raise Refused(f"there is no silence {said.command.silence_id[:LONGEST_ID]!r}; `lagebild alerts silences` names them")
    if silence.ended_at is not None:
        return (), f"already ended by {silence.ended_by}"
    if silence.ends_at <= now:
        return (), f"already over since {silence.ends_at:%Y-%m-%d %H:%M} UTC"
    ended = msgspec.structs.replace(silence, ended_by=said.command.by, ended_at=now)
    return (ended,), f"the silence of {silence.author} was ended by {said.command.by}"


def is_running(silence: Silence, at: datetime) -> bool:
    """Whether it holds at that instant."""
    return silence.starts_at <= at < min(silence.ends_at, silence.ended_at or silence.ends_at)


def _audit(command: Command, episode: Episode | None, outcome: str, changed: bool, now: datetime) -> Audit:
    """The record; what was longer than allowed is kept from its beginning. Each reading of one command has an id of its own."""
    kept = msgspec.structs.replace(
        command,
        id=command.id[:LONGEST_ID],
        by=command.by[:LONGEST_ID],
        to=command.to[:LONGEST_ID],
        via=command.via[:LONGEST_ID],
        text=command.text[:LONGEST_TEXT],
        episode_id=command.episode_id[:LONGEST_ID],
        silence_id=command.silence_id[:LONGEST_ID],
        verdict=command.verdict if command.verdict in _VERDICTS else "",
        silence=_shortened(command.silence),
    )
    return Audit(
        id=identity("audit", command.id, *([] if changed else [now.isoformat(), outcome])),
        at=now,
        command=kept,
        outcome=outcome,
        changed=changed,
        rule_id=episode.rule_id if episode else "",
        headline=episode.message.headline[:400] if episode else "",
    )


def _shortened(silence: Silence | None) -> Silence | None:
    if silence is None:
        return None
    matchers = tuple(
        msgspec.structs.replace(each, values=tuple(value[:LONGEST_ID] for value in each.values[:20])) for each in silence.matchers[:10]
    )
    return msgspec.structs.replace(
        silence,
        id=silence.id[:LONGEST_ID],
        author=silence.author[:LONGEST_ID],
        reason=silence.reason[:LONGEST_TEXT],
        matchers=matchers,
        episodes=silence.episodes[:20],
    )

"""How a person's command reaches the alerter: a record in `alerts.commands`, and the alerter's answer from `alerts.audit`."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from pipeline import broker, topology
from pipeline.decisions import key_of, silence_id
from pipeline.episode import Audit, Command, CommandKind, Matcher, Silence
from pipeline.settings import Settings

_encoder = msgspec.json.Encoder()
_audit_decoder = msgspec.json.Decoder(Audit)


def command(kind: CommandKind, by: str, at: datetime, **more: Any) -> Command:
    """A command with an id of its own; `more` are further fields of `Command`."""
    return Command(id=uuid4().hex, kind=kind, by=by, at=at, **more)


def silencing(
    by: str,
    at: datetime,
    length: timedelta,
    reason: str,
    matchers: tuple[Matcher, ...] = (),
    *,
    episode_id: str = "",
    scope: str = "",
    **more: Any,
) -> Command:
    """The command that begins a silence at `at`: about `matchers` or, without them, about the `scope` of the episode ("rule", "story", …)."""
    made = command("silence", by, at, episode_id=episode_id, to=scope, text=reason, **more)
    silence = Silence(id=silence_id(made.id), matchers=matchers, author=by, reason=reason, starts_at=at, ends_at=at + length, created_at=at)
    return msgspec.structs.replace(made, silence=silence)


def say(settings: Settings, command: Command) -> None:
    """Publish the command; returns when the broker has it. Raises Transient or Unreachable."""
    publisher = broker.Publisher(settings.kafka)
    try:
        publisher.send(settings.topic(topology.COMMANDS), key_of(command), _encoder.encode(command))
        publisher.confirm()
    finally:
        publisher.close()


def say_and_hear(settings: Settings, command: Command, seconds: float) -> Audit | None:
    """Publish the command and wait for what came of it; None when the alerter has not answered within `seconds`: it will when it runs."""
    topic = settings.topic(topology.AUDIT)
    consumer = broker.tail_consumer(settings.kafka, {topic: 0})
    try:
        # The position is resolved before the command goes out, or the answer could come too early to be seen.
        broker.positions(consumer)
        say(settings, command)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for record in broker.polled(consumer, 100):
                if (answer := _answer(record.value or b"", command.id)) is not None:
                    return answer
        return None
    finally:
        consumer.close()


def _answer(value: bytes, command_id: str) -> Audit | None:
    if command_id.encode() not in value:
        return None
    try:
        audit = _audit_decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return audit if audit.command.id == command_id else None

"""`lagebild drill`: an exercise through the whole path, and how long it takes until a person acknowledges it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import uuid4

import typer
from rich.text import Text

from pipeline import broker, topology
from pipeline.article import Article, encode
from pipeline.commands import times
from pipeline.commands.alerts_saying import By, who_says
from pipeline.commands.alerts_silencing import active_rules
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    AsJson,
    Config,
    err,
    errors_told,
    out,
    print_json,
    printable,
    reading,
    settings_with_kafka,
)
from pipeline.errors import LagebildError, NoSuchRule
from pipeline.inquiry import gathering
from pipeline.inquiry.exercise import WATCHED, Exercise, Passed
from pipeline.located import nearest
from pipeline.routing import drill as drills
from pipeline.routing.drill import Drill
from pipeline.settings import Settings


def add_to(app: typer.Typer) -> None:
    app.command("drill", help="An exercise: a marked article through the whole path, until somebody acknowledges it.")(drill)


def drill(
    rule: Annotated[str, typer.Argument(help="The rule that it shall ring; else the first live one that has a test.")] = "",
    within: Annotated[str, typer.Option(help="How long somebody has to acknowledge it.")] = "10m",
    text: Annotated[str, typer.Option(help="Its text, which the rule must match; else one of the rule's own tests.")] = "",
    config: Config = DEFAULT_CONFIG,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    with errors_told():
        name = who_says(by)
        limit = times.length(within)
        settings = settings_with_kafka(config, "lagebild drill")
        with reading("the rules") as progress:
            words, language = _words(settings, rule, text, progress)
        begun = drills.article(uuid4().hex, words, name, datetime.now(UTC), language)
        if not as_json:
            err.print(f"The exercise is on its way; acknowledge it within {within}. Ctrl-C ends the watch, not the exercise.")
        found, lost = watched(settings, begun, name, limit, _tell if not as_json else lambda passed: None, rule)
        if as_json:
            print_json(found)
        else:
            _conclude(found, lost)
        if found.outcome != "acknowledged":
            raise typer.Exit(EXIT_FINDINGS)


def _words(settings: Settings, rule_id: str, text: str, progress: Callable[[str, int], None]) -> tuple[str, str]:
    """The text, or one that the rule matches, from its own tests, and its language. Raises NoSuchRule, and LagebildError when there is none."""
    if text and not rule_id:
        return text, settings.language
    known = gathering.rules(settings, rule_id, progress)
    if rule_id and rule_id not in known:
        close = nearest(rule_id, active_rules(settings, progress))
        raise NoSuchRule(f"there is no active rule {rule_id!r}.{close} `lagebild rules list --active` names them")
    for compiled in known.values():
        rule = compiled.rule
        if text:
            return text, rule.langs[0] if rule.langs else settings.language
        tests = [each for each in rule.tests if each.match]
        if tests and (rule.status == "live" or rule_id):
            return tests[0].text, tests[0].lang or (rule.langs[0] if rule.langs else settings.language)
    what = f"the rule {rule_id!r} has no test that matches" if rule_id else "no live rule has a test that matches"
    raise LagebildError(f"{what}: name one with a test, or give a --text that a rule matches")


def watched(
    settings: Settings, begun: Article, by: str, limit: timedelta, tell: Callable[[Passed], None], rule_id: str = ""
) -> tuple[Drill, str]:
    """Publish the exercise and follow it until it is acknowledged, lost, or the time is up; `lost` says why nothing more can come."""
    topics = {settings.topic(name): name for name in WATCHED}
    exercise = Exercise(begun, by, begun.clock.fetched_at or datetime.now(UTC), topics, rule_id)
    consumer = broker.tail_consumer(settings.kafka, dict.fromkeys(topics, 0))
    try:
        # The positions are resolved before the exercise begins, or its first records would be missed.
        broker.positions(consumer)
        _publish(settings, begun)
        deadline = time.monotonic() + limit.total_seconds()
        while time.monotonic() < deadline:
            for record in broker.polled(consumer, 200):
                for each in exercise.take(record):
                    tell(each)
            found = exercise.drill(datetime.now(UTC))
            if exercise.lost or found.outcome == "acknowledged":
                return found, exercise.lost
        return exercise.drill(datetime.now(UTC)), ""
    finally:
        consumer.close()


def _publish(settings: Settings, begun: Article) -> None:
    publisher = broker.Publisher(settings.kafka)
    try:
        publisher.send(settings.topic(topology.COLLECTED), begun.id, encode(begun))
        publisher.confirm()
    finally:
        publisher.close()


def _tell(passed: Passed) -> None:
    out.print(Text(printable(f"{passed.seconds:8.2f} s  {passed.stage}" + (f"  ({passed.detail})" if passed.detail else ""))))


_OUTCOMES = {
    "not_matched": "no rule matched it",
    "not_sent": "a rule matched it, and no receiver took a message",
    "not_acknowledged": "people were told, and nobody acknowledged it in time",
}


def _conclude(found: Drill, lost: str) -> None:
    if found.outcome == "acknowledged":
        out.print(Text(printable(f"Acknowledged by {found.acknowledged_by} after {found.seconds_to_acknowledge:.1f} s."), style="bold"))
        return
    err.print(Text(printable(f"The exercise failed: {lost or _OUTCOMES[found.outcome]}."), style="bold"))
    if found.episode_id:
        err.print(Text(printable(f"`lagebild alerts why {found.episode_id}` says more.")))

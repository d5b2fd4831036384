"""A folder of rules to the topic `rules`: checked, tested and compiled first; one record per changed rule, then the manifest.

What is new goes to `rules.versions` in the same transactions, with the text of its file and who applied it.

A broken file keeps the whole old set, and says so with file, line and column.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from pipeline import broker, topology
from pipeline.enriching import Recogniser
from pipeline.errors import LagebildError, Problem
from pipeline.rules.load import Loaded, load_folder
from pipeline.rules.on_topic import RulesOnTopic
from pipeline.rules.publish import Ledger, Record, RuleTable, records
from pipeline.rules.reserved import RESERVED, ROUTING
from pipeline.rules.versions import versions, who
from pipeline.settings import Settings

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 1.0


@dataclass(frozen=True)
class Applied:
    """What applying did: ids that are new or changed, ids that are gone, how many are active, or the problems that prevented it.

    `routing` says that routes, receivers, silences or whatever else stands beside the rules has changed.
    """

    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    active: int = 0
    routing: bool = False
    problems: tuple[Problem, ...] = ()


def published(settings: Settings) -> RuleTable:
    """What the topic holds now."""
    table = RuleTable()
    for record in broker.read_to_end(settings.kafka, settings.topic(topology.RULES)):
        table.apply((record.key or b"").decode("utf-8", "replace"), record.value)
    return table


def apply(
    settings: Settings, loaded: Loaded | None = None, *, dry_run: bool = False, by: str = "", on_topic: RulesOnTopic | None = None
) -> Applied:
    """Publish the rules folder. Nothing is written when a file has a problem, or when nothing changed.

    `by`: who is answerable for it. Whoever applies again and again passes `on_topic`, and then reads of the topic only what is new.
    """
    loaded = loaded or read_folder(settings)
    if loaded.problems:
        return Applied(problems=loaded.problems)
    with contextlib.ExitStack() as ending:
        if on_topic is None:
            on_topic = RulesOnTopic(settings)
            ending.callback(on_topic.close)
        ledger = on_topic.now()
        taken, changes = ledger.taken, _changes(loaded, ledger)
        if changes and not dry_run:
            changes = _publish(settings, loaded, on_topic, (taken, changes), by or who())
    rules = [each for each in changes if each.key not in RESERVED]
    return Applied(
        changed=tuple(each.key for each in rules if each.value is not None),
        removed=tuple(each.key for each in rules if each.value is None),
        active=len(loaded.rules),
        routing=any(each.key == ROUTING for each in changes),
    )


def _changes(loaded: Loaded, ledger: Ledger) -> list[Record]:
    version = ledger.manifest.version + 1 if ledger.manifest else 1
    return records(loaded.rules, ledger.versions, version, complete=ledger.complete, routing=loaded.routing)


def _publish(settings: Settings, loaded: Loaded, on_topic: RulesOnTopic, seen: tuple[int, list[Record]], by: str) -> list[Record]:
    """What was published: the changes that were `seen` after so many records, or what they have become when somebody else has published since.

    The manifest comes last: workers never use half a change. Of two that publish at once the earlier one is fenced, and the later one looks again.
    """
    topic, history = settings.topic(topology.RULES), settings.topic(topology.RULE_VERSIONS)
    taken, changes = seen

    def fenced() -> list[tuple[str, str, bytes | None]]:
        nonlocal changes
        ledger = on_topic.now()
        if ledger.taken != taken:
            changes = _changes(loaded, ledger)
        kept = {each.key: each.value for each in versions(changes, loaded.files, datetime.now(UTC), by)}
        written: list[tuple[str, str, bytes | None]] = []
        for each in changes:
            if each.key in kept:
                written.append((history, each.key, kept[each.key]))
            written.append((topic, each.key, each.value))
        return written

    broker.publish_in_transactions(settings.kafka, settings.topic("rules apply"), fenced)
    return changes


def read_folder(settings: Settings, before: Loaded | None = None, recogniser: Recogniser | None = None) -> Loaded:
    """The configured folder with the built-in rules, held against the configured receivers and names."""
    return load_folder(
        settings.rules_folder,
        before,
        receivers_of(settings),
        recogniser=recogniser or Recogniser(settings),
        built_in_rules=settings.built_in_rules,
    )


def receivers_of(settings: Settings) -> tuple[str, ...]:
    """The names that a rule or route can tell, besides the rosters of the rules folder."""
    return tuple(each.name for each in settings.receivers)


def watch(
    settings: Settings,
    stop: threading.Event,
    tell: Callable[[Applied], None] = lambda applied: None,
    loaded: Loaded | None = None,
) -> None:
    """Apply the folder at once and whenever it changes, until `stop` is set. Blocks: run it in a thread. `loaded` is what was read of it before."""
    on_topic, recogniser = RulesOnTopic(settings), Recogniser(settings)
    applied: Loaded | None = None
    try:
        while not stop.is_set():
            looked_at = time.monotonic()
            loaded = read_folder(settings, loaded, recogniser)
            if applied is None or (loaded is not applied and (loaded.files, loaded.problems) != (applied.files, applied.problems)):
                try:
                    _apply_and_tell(settings, loaded, on_topic, tell)
                except LagebildError as error:
                    log.warning("the rules could not be published; trying again", why=str(error)[:300])
                    on_topic.close()
                    stop.wait(LOOK_EVERY_SECONDS)
                    continue
            applied = loaded
            # With very many rules it rests as long as it works.
            stop.wait(max(LOOK_EVERY_SECONDS, time.monotonic() - looked_at))
    finally:
        on_topic.close()


def _apply_and_tell(settings: Settings, loaded: Loaded, on_topic: RulesOnTopic, tell: Callable[[Applied], None]) -> None:
    applied = apply(settings, loaded, on_topic=on_topic)
    for problem in applied.problems:
        log.error("a rule file is broken; the rules that are active stay", problem=str(problem))
    if applied.changed or applied.removed or applied.routing:
        log.info("rules applied", changed=_some(applied.changed), removed=_some(applied.removed), active=applied.active)
    tell(applied)


def _some(names: tuple[str, ...]) -> list[str]:
    return [*names[:20], f"and {len(names) - 20} more"] if len(names) > 20 else list(names)

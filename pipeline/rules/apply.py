"""A folder of rules to the topic `rules`: checked, tested and compiled first; one record per changed rule, then the manifest.

A broken file keeps the whole old set, and says so with file, line and column.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from pipeline import broker, topology
from pipeline.errors import LagebildError, Problem
from pipeline.rules.load import Loaded, load_folder
from pipeline.rules.publish import RuleTable, records
from pipeline.settings import Settings

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 1.0


@dataclass(frozen=True)
class Applied:
    """What applying did: ids that are new or changed, ids that are gone, how many are active, or the problems that prevented it."""

    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    active: int = 0
    problems: tuple[Problem, ...] = ()


def published(settings: Settings) -> RuleTable:
    """What the topic holds now."""
    table = RuleTable()
    for record in broker.read_to_end(settings.kafka, settings.topic(topology.RULES)):
        table.apply((record.key or b"").decode("utf-8", "replace"), record.value)
    return table


def apply(settings: Settings, loaded: Loaded | None = None, *, dry_run: bool = False) -> Applied:
    """Publish the rules folder. Nothing is written when a file has a problem, or when nothing changed."""
    loaded = loaded or load_folder(settings.rules_folder)
    if loaded.problems:
        return Applied(problems=loaded.problems)
    table = published(settings)
    version = table.manifest.version + 1 if table.manifest else 1
    changes = records(loaded.rules, table.versions, version, complete=table.complete)
    rules = changes[:-1]
    if changes and not dry_run:
        topic = settings.topic(topology.RULES)
        # One transaction: workers never see half a change, and of two that apply at once the earlier one is fenced.
        broker.publish_atomically(settings.kafka, settings.topic("rules apply"), [(topic, each.key, each.value) for each in changes])
    return Applied(
        changed=tuple(each.key for each in rules if each.value is not None),
        removed=tuple(each.key for each in rules if each.value is None),
        active=len(loaded.rules),
    )


def watch(settings: Settings, stop: threading.Event, tell: Callable[[Applied], None] = lambda applied: None) -> None:
    """Apply the folder whenever it changes, until `stop` is set. Blocks: run it in a thread."""
    loaded: Loaded | None = None
    while not stop.wait(LOOK_EVERY_SECONDS if loaded else 0):
        before = loaded
        loaded = load_folder(settings.rules_folder, before)
        if before is not None and (loaded.files, loaded.problems) == (before.files, before.problems):
            continue
        try:
            applied = apply(settings, loaded)
        except LagebildError as error:
            log.warning("the rules could not be published; trying again", why=str(error)[:300])
            loaded = None
            stop.wait(LOOK_EVERY_SECONDS)
            continue
        for problem in applied.problems:
            log.error("a rule file is broken; the rules that are active stay", problem=str(problem))
        if applied.changed or applied.removed:
            log.info("rules applied", changed=list(applied.changed), removed=list(applied.removed), active=applied.active)
        tell(applied)

"""The worker process: the three stages with their real parts, and the rules that they follow."""

from __future__ import annotations

import cProfile
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from pipeline import agents, broker
from pipeline.enriching import enrichers
from pipeline.lexicon.store import warm_up
from pipeline.plugins import Enricher
from pipeline.rules.follow import RuleFollower
from pipeline.settings import Settings
from pipeline.stages.deduplicate import Deduplicate, Stories
from pipeline.stages.enrich import Enrich, RulesNow
from pipeline.stages.identify import Identify
from pipeline.stages.known import KnownArticles
from pipeline.stories import StoryTable
from pipeline.text.language import Detector
from pipeline.text.signature import sign

log = structlog.get_logger()

PROFILE = "LAGEBILD_PROFILE"


@dataclass(frozen=True)
class Stages:
    """The stage code of one process, the same in the worker, in `lagebild try` and in the benchmark."""

    identify: Identify
    deduplicate: Deduplicate
    enrich: Enrich


def stages(settings: Settings, rules: RulesNow) -> Stages:
    """The stages with their real parts; `rules` gives the rule set that is active now."""
    detector = Detector()
    detector.warm_up()
    return Stages(
        Identify(detector.detect, sign, settings.time_zone), Deduplicate(), Enrich(enrichers(settings), rules, settings.alerts.late_hours)
    )


def keep_lists_fresh(configured: Mapping[str, Enricher], every_seconds: float = 5.0) -> None:
    """Let enrichers with lists of their own (`reload`) read them again when they change. Blocks: runs in a thread of its own."""
    told: tuple[object, ...] = ()
    while True:
        time.sleep(every_seconds)
        problems = tuple(problem for each in configured.values() if hasattr(each, "reload") for problem in each.reload())
        if problems != told:
            for problem in problems:
                log.error("a list is broken; the names that are active stay", problem=str(problem))
            told = problems


def remembered_stories(settings: Settings) -> Stories:
    """An empty story memory with the configured bounds."""
    return Stories(StoryTable(int(settings.stories.window_hours * 3600), settings.stories.max_per_language))


def main(settings: Settings) -> int:
    """Run the worker until a signal ends it; the exit code."""
    broker.connect(settings.kafka, "the worker", wait_seconds=120)
    broker.need_rights(settings, "worker")
    rules = RuleFollower(settings)
    made = stages(settings, rules.current)
    rules.start()
    # Mapped now, or built on a machine that has none, so that the first article does not wait.
    warm_up()
    threading.Thread(target=keep_lists_fresh, args=(made.enrich.enrichers,), name="watch lists", daemon=True).start()
    rows = [
        agents.Row(made.identify, KnownArticles, made.identify.memories),
        agents.Row(made.deduplicate, lambda: remembered_stories(settings), made.deduplicate.memories),
        agents.Row(made.enrich, ready=rules.caught_up),
    ]
    return _profiled(lambda: agents.run(settings, rows))


def _profiled(run: Callable[[], int]) -> int:
    """What `run` returns. With `LAGEBILD_PROFILE` set, the profile of this thread goes into the file it names and our process id."""
    path = os.environ.get(PROFILE)
    if not path:
        return run()
    profile = cProfile.Profile()
    try:
        return profile.runcall(run)
    finally:
        profile.dump_stats(f"{path}.{os.getpid()}")

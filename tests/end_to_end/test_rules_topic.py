"""Rules on a real topic: published as a whole, followed within moments, never half."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from pipeline import broker, topology
from pipeline.rules.apply import apply, watch
from pipeline.rules.follow import RuleFollower
from pipeline.settings import Settings
from tests import waiting

RULE = """schema: news-alerts/v1
kind: rule
id: {id}
title: {title}
status: live
severity: high
match:
  any: [{term}]
tests:
  - {{text: "Heute: {term}.", match: true}}
"""


@pytest.fixture
def settings(kafka_servers: str, tmp_path: Path) -> Settings:
    (tmp_path / "rules").mkdir()
    made = Settings.model_validate({"kafka": {"servers": [kafka_servers], "topic_prefix": f"rules-{uuid4().hex[:8]}."}, "enrichers": []})
    made = made.model_copy(update={"folder": tmp_path})
    broker.apply_topics(made, topics=[topology.topic(topology.RULES), topology.topic(topology.RULE_VERSIONS)])
    return made


def write(settings: Settings, rule_id: str, term: str, title: str = "Titel") -> None:
    (settings.rules_folder / f"{rule_id}.yaml").write_text(RULE.format(id=rule_id, term=term, title=title), encoding="utf-8")


until = partial(waiting.until, seconds=30)


def test_a_change_costs_its_own_size_and_reaches_a_follower(settings: Settings) -> None:
    write(settings, "eins", "Raketentest")
    write(settings, "zwei", "Erdbeben")
    assert apply(settings).changed == ("eins", "zwei")
    follower = RuleFollower(settings)
    follower.start()
    assert follower.wait(30)
    assert set(follower.current().rules) == {"eins", "zwei"}
    write(settings, "zwei", "Erdbeben", title="Beben")
    assert apply(settings).changed == ("zwei",)
    until(lambda: follower.current().rules["zwei"].rule.title == "Beben")
    (settings.rules_folder / "eins.yaml").unlink()
    assert apply(settings).removed == ("eins",)
    until(lambda: set(follower.current().rules) == {"zwei"})


def test_applying_twice_publishes_nothing(settings: Settings) -> None:
    write(settings, "eins", "Raketentest")
    apply(settings)
    assert apply(settings).changed == ()


def test_a_broken_file_changes_nothing_and_is_named(settings: Settings) -> None:
    write(settings, "eins", "Raketentest")
    apply(settings)
    write(settings, "zwei", "Erdbeben")
    (settings.rules_folder / "drei.yaml").write_text("schema: [", encoding="utf-8")
    applied = apply(settings)
    assert [problem.file for problem in applied.problems] == ["drei.yaml"]
    (settings.rules_folder / "drei.yaml").unlink()
    assert apply(settings).changed == ("zwei",)


def test_a_dry_run_publishes_nothing(settings: Settings) -> None:
    write(settings, "eins", "Raketentest")
    assert apply(settings, dry_run=True).changed == ("eins",)
    assert apply(settings).changed == ("eins",)


def test_the_watcher_applies_what_is_saved(settings: Settings) -> None:
    write(settings, "eins", "Raketentest")
    stop = threading.Event()
    seen: list[tuple[str, ...]] = []
    watcher = threading.Thread(target=watch, args=(settings, stop, lambda applied: seen.append(applied.changed)), daemon=True)
    watcher.start()
    until(lambda: ("eins",) in seen)
    write(settings, "zwei", "Erdbeben")
    until(lambda: ("zwei",) in seen)
    stop.set()
    watcher.join(10)
    assert not watcher.is_alive()

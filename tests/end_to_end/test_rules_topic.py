"""Rules on a real topic: published as a whole, followed within moments, never half."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pipeline import broker, topology
from pipeline.broker import sending
from pipeline.rules.apply import apply, published, watch
from pipeline.rules.follow import RuleFollower
from pipeline.rules.load import load_folder
from pipeline.rules.on_topic import RulesOnTopic
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
    made = Settings.model_validate(
        {
            "kafka": {"servers": [kafka_servers], "topic_prefix": f"rules-{uuid4().hex[:8]}."},
            "enrichers": [],
            "alerts": {"built_in_rules": []},
        }
    )
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


def test_what_somebody_else_has_published_meanwhile_is_seen_and_the_folder_wins(settings: Settings) -> None:
    write(settings, "eins", "Raketentest")
    on_topic = RulesOnTopic(settings)
    assert apply(settings, on_topic=on_topic).changed == ("eins",)
    write(settings, "zwei", "Erdbeben")
    assert apply(settings, by="somebody else").changed == ("zwei",)
    (settings.rules_folder / "zwei.yaml").unlink()
    write(settings, "drei", "Sturmflut")
    applied = apply(settings, on_topic=on_topic)
    assert (applied.changed, applied.removed) == (("drei",), ("zwei",))
    assert (published(settings).complete, set(published(settings).current.rules)) == (True, {"eins", "drei"})
    on_topic.close()


def test_one_who_publishes_between_the_look_and_the_writing_is_taken_into_account(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, "eins", "Raketentest")
    publish = broker.publish_in_transactions

    def interrupted(*arguments: Any) -> Any:
        monkeypatch.setattr(broker, "publish_in_transactions", publish)
        write(settings, "fremd", "Erdbeben")
        apply(settings)
        (settings.rules_folder / "fremd.yaml").unlink()
        return publish(*arguments)

    loaded = load_folder(settings.rules_folder)
    monkeypatch.setattr(broker, "publish_in_transactions", interrupted)
    assert apply(settings, loaded).removed == ("fremd",)
    table = published(settings)
    assert (table.complete, set(table.current.rules)) == (True, {"eins"})


def test_a_look_at_the_topic_reads_only_what_is_new(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        write(settings, f"rule-{number}", f"Raketentest{number}")
    on_topic = RulesOnTopic(settings)
    apply(settings, on_topic=on_topic)
    on_topic.now()
    taken = on_topic.now().taken
    write(settings, "rule-7", "Erdbeben")
    assert apply(settings, on_topic=on_topic).changed == ("rule-7",)
    assert on_topic.now().taken == taken + 2  # the rule and the manifest
    on_topic.close()


def test_a_topic_that_was_made_anew_gets_all_rules_again(settings: Settings) -> None:
    write(settings, "eins", "Raketentest")
    on_topic = RulesOnTopic(settings)
    apply(settings, on_topic=on_topic)
    on_topic.now()
    topic = settings.topic(topology.RULES)
    admin = broker.admin_client(settings.kafka)
    try:
        admin.delete_topics([topic])
        until(lambda: topic not in admin.list_topics())
    finally:
        admin.close()
    broker.apply_topics(settings, topics=[topology.topic(topology.RULES)])
    until(lambda: apply(settings, on_topic=on_topic).changed == ("eins",) or published(settings).complete)
    assert set(published(settings).current.rules) == {"eins"}
    on_topic.close()


def test_more_rules_than_one_transaction_takes_arrive_as_a_whole(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TRANSACTION_RECORDS", 3)
    for number in range(7):
        write(settings, f"rule-{number}", f"Raketentest{number}")
    assert len(apply(settings).changed) == 7
    table = published(settings)
    assert (table.complete, len(table.current.rules)) == (True, 7)

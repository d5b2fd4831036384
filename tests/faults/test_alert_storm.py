"""The alerter and a worker are killed at fifty moments during a storm of two thousand matches; an undisturbed run says what must come of it."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline import broker, topology
from pipeline.alerter import State, read_state
from pipeline.embedded.servers import Servers
from tests.faults.audit import AT_ONCE
from tests.faults.stream import put
from tests.faults.system import System, configuration, running, until

STORIES = int(os.environ.get("LAGEBILD_STORM_STORIES") or 500)
RULES = ("brand", "sturm", "streik", "unfall")
KILLS = {"worker": 25, "alerter": 25}
FILES = 20
PROCESSES = ("collector", "worker", "alerter")


def rule(name: str) -> str:
    return (
        f"schema: news-alerts/v1\nkind: rule\nid: {name}\ntitle: {name.title()}\nseverity: high\n"
        f"match:\n  any: [{name.title()}]\nnotify:\n  route: [desk]\n  max_per_hour: 10000\n"
    )


def storm() -> list[bytes]:
    """Articles that match every rule and that no two share a sentence, in files of equal size."""
    words = random.Random(4)
    lines = []
    for number in range(STORIES):
        own = " ".join("".join(words.choice("bdfgklmnprstw") + words.choice("aeiou") for _ in range(4)) for _ in range(60))
        body = f"Brand, Sturm, Streik und Unfall in der Meldung {number}. {own.capitalize()}."
        fields = {
            "guid": f"storm-{number}",
            "url": f"https://storm.example/{number}",
            "title": f"Meldung {number} aus dem Sturm",
            "body": body,
        }
        lines.append(json.dumps(fields, ensure_ascii=False).encode())
    size = max(1, STORIES // FILES)
    return [b"\n".join(lines[at : at + size]) + b"\n" for at in range(0, STORIES, size)]


@dataclass
class Matches:
    """Follows the topic of matches; `ids` are those seen."""

    system: System
    ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        settings = self.system.settings
        self._consumer = broker.assigned_consumer(settings.kafka, [broker.Partition(settings.topic(topology.MATCHES), 0)])

    def look(self) -> int:
        while records := broker.polled(self._consumer, 100):
            self.ids |= {msgspec.json.decode(each.value or b"{}")["match"]["id"] for each in records}
        return len(self.ids)

    def close(self) -> None:
        self._consumer.close(timeout_ms=2_000)


@dataclass
class Killing:
    """Kills one process again and again, each time when so many matches have been made since, and starts it anew."""

    system: System
    victim: str
    moments: list[int]
    pool: ThreadPoolExecutor
    done: int = 0
    under_way: Future[None] | None = None

    def look(self, progress: int) -> bool:
        """Strike when it is time; whether there is nothing left to do."""
        if self.under_way is not None:
            if not self.under_way.done():
                return False
            self.under_way.result()
            self.under_way = None
        if self.moments and progress >= self.moments[0]:
            self.moments.pop(0)
            self.done += 1
            self.under_way = self.pool.submit(self.system.restart, self.victim)
        return not self.moments and self.under_way is None


def told(state: State) -> bool:
    return bool(state.notifications) and all(each.state in ("sent", "failed", "suppressed") for each in state.notifications.values())


def outcome(state: State) -> tuple[Counter[Any], Counter[Any]]:
    """What must not depend on kills: the episodes with their articles and matches, and the messages."""
    episodes = Counter(
        (
            each.id,
            each.rule_id,
            each.group,
            each.step,
            each.match_count,
            tuple(sorted(each.matches)),
            tuple(sorted(m.article_id for m in each.members)),
        )
        for each in state.episodes.values()
    )
    messages = Counter((each.id, each.episode_id, each.receiver, each.kind, each.step, each.state) for each in state.notifications.values())
    return episodes, messages


def run(
    folder: Path, servers: Servers, seconds: float, kills: Iterator[int] | None = None
) -> tuple[State, list[dict[str, Any]], dict[str, int]]:
    """The whole storm through a system of its own: the alerter's state at the end, the messages that arrived, and how often each was killed."""
    config = configuration(folder, servers.addresses)
    (folder / "rules" / "keyword.yaml").unlink()
    for name in RULES:
        (folder / "rules" / f"{name}.yaml").write_text(rule(name), encoding="utf-8")
    expected = STORIES * len(RULES)
    files = storm()
    with running(config, *PROCESSES) as system, ThreadPoolExecutor(len(KILLS)) as pool:
        plans = {name: sorted(next(kills) for _ in range(count)) if kills else [] for name, count in KILLS.items()}
        print("plan:", plans)  # noqa: T201
        killings = [Killing(system, name, moments, pool) for name, moments in plans.items()]
        matches, put_in = Matches(system), 0

        def over() -> bool:
            nonlocal put_in
            progress = matches.look()
            # So far ahead only that there is work for both whenever one dies.
            while put_in < len(files) and put_in * expected // len(files) < progress + 2 * expected // len(files):
                put(folder / "in", [files[put_in]], f"{put_in:04}")
                put_in += 1
            struck = [each.look(progress) for each in killings]
            system.revive()
            return all(struck) and progress >= expected

        until(over, seconds, f"all {expected} matches are made and every kill has happened")
        until(lambda: told(read_state(system.settings)) and len(read_state(system.settings).episodes) == expected, 60, "everybody is told")
        matches.close()
        return read_state(system.settings), system.alerts(), {each.victim: each.done for each in killings}


@pytest.mark.timeout(600)
def test_fifty_kills_in_a_storm_of_two_thousand_matches_change_no_episode_and_lose_no_message(
    tmp_path: Path, victims: Servers, chance: random.Random
) -> None:
    quiet, _, _ = run(tmp_path / "quiet", victims, 120)
    total = STORIES * len(RULES)
    shaken, lines, killed = run(tmp_path / "shaken", victims, 420, iter(lambda: chance.randrange(total // 50, total * 9 // 10), None))

    assert killed == KILLS
    assert len(quiet.episodes) == total
    assert outcome(shaken) == outcome(quiet)
    certain = Counter(each["notification_id"] for each in lines if not each["possible_duplicate"])
    assert {each["notification_id"] for each in lines} == set(quiet.notifications), "no message is missing"
    assert not [each for each, times in certain.items() if times > 1], "repeated without being marked"
    marked = sum(each.possible_duplicate for each in shaken.notifications.values())
    assert marked <= AT_ONCE * KILLS["alerter"], "only what was under way when the alerter died may be sent again"

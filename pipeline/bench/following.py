"""Rules over Kafka: seconds until a change of one file is active in other processes, and what very many rules cost those who hold them.

The watcher of the folder runs here, as it does under `lagebild run`; the followers are processes of their own, as workers are.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from pipeline import broker, topology
from pipeline.bench.machine import usage
from pipeline.embedded.servers import Addresses
from pipeline.errors import LagebildError
from pipeline.lexicon.building import HEADS
from pipeline.lexicon.store import opened
from pipeline.rules.apply import Applied, watch
from pipeline.rules.follow import RuleFollower
from pipeline.rules.load import Loaded, load_folder
from pipeline.settings import Settings

Figures = dict[str, Any]

FOLLOWERS = 2
CHANGES = 5
_LONGEST_SECONDS = 900.0
_BETWEEN_LOOKS_SECONDS = 0.02
# A folder whose files have just been written is read again: their times may not tell the next change.
_SETTLING_SECONDS = 2.2

_RULE = """\
schema: news-alerts/v1
kind: rule
id: {id}
title: {title}
severity: low
match:
  langs: [de]
  all: [{all}]
  any:
    - {first}
    - {{phrase: "{second} {third}", slop: 1}}
    - {{near: [{second}, {fourth}], within: 6}}
  none: [Xylograbel{number}]
tests:
  - {{text: "{all}, {first}.", match: true}}
"""


def settings_for(folder: Path, addresses: Addresses, prefix: str) -> Settings:
    """Settings with an empty folder of rules below `folder`, and the topics that rules need."""
    made = Settings.model_validate({"kafka": {"servers": [addresses.kafka], "topic_prefix": prefix}, "enrichers": []})
    made = made.model_copy(update={"folder": folder})
    made.rules_folder.mkdir(parents=True)
    broker.apply_topics(made, topics=[topology.topic(topology.RULES), topology.topic(topology.RULE_VERSIONS)])
    return made


def measure_following(settings: Settings, count: int, seed: int) -> Figures:
    """Seconds to load, publish and follow `count` rules, memory, and seconds until each of some changes is active everywhere.

    Raises LagebildError when something does not arrive.
    """
    written = _write(settings.rules_folder, count, seed)
    before = _resident()
    started = time.monotonic()
    loaded = load_folder(settings.rules_folder)
    load_seconds = time.monotonic() - started
    if loaded.problems:
        raise LagebildError(f"the rules of the benchmark are broken: {loaded.problems[0]}")
    holder_bytes = _resident() - before
    time.sleep(_SETTLING_SECONDS)
    loaded = load_folder(settings.rules_folder, loaded)
    started = time.monotonic()
    loaded = load_folder(settings.rules_folder, loaded)
    look_seconds = time.monotonic() - started
    figures: Figures = {
        "rules": count,
        "file_bytes": written,
        "load_seconds": load_seconds,
        "look_seconds": look_seconds,
        "watcher_memory_bytes": holder_bytes,
    }
    with _watched(settings, loaded) as publish_seconds, _followers(settings) as followers:
        first = [_told(each, "ready") for each in followers]
        seconds = [_changed(settings.rules_folder, followers, number, count) for number in range(CHANGES)]
    return figures | {
        "publish_seconds": publish_seconds,
        "followers": len(first),
        "read_seconds": median(each for each, _ in first),
        "follower_memory_bytes": median(size for _, size in first),
        "change_seconds": {"p50": median(seconds), "max": max(seconds)},
        "changes": seconds,
    }


def _write(folder: Path, count: int, seed: int) -> int:
    """The rule files, of words of the lexicon; how many bytes they have."""
    chance = random.Random(seed)
    words = sorted(key[::-1].capitalize() for key in opened("de", HEADS) if len(key) > 4)
    size = 0
    for number in range(count):
        text = _text(number, words, chance)
        (folder / f"bench-{number:06}.yml").write_text(text, encoding="utf-8")
        size += len(text.encode())
    return size


def _text(number: int, words: list[str], chance: random.Random) -> str:
    every, first, second, third, fourth = chance.sample(words, 5)
    return _RULE.format(
        id=f"bench-{number:06}", title=f"Rule {number}", number=number, all=every, first=first, second=second, third=third, fourth=fourth
    )


def _changed(folder: Path, followers: list[Connection], number: int, count: int) -> float:
    """Seconds from the moment a file is saved to the moment when every follower matches with it."""
    path = folder / f"bench-{number * count // CHANGES:06}.yml"
    title = f"Changed {number}"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(f"title: {title}\n" if line.startswith("title: ") else line for line in lines)
    saved_at = time.time()
    path.write_text(text, encoding="utf-8")
    return max(_told(each, title)[0] for each in followers) - saved_at


def _told(follower: Connection, what: str) -> tuple[float, int]:
    if not follower.poll(_LONGEST_SECONDS):
        raise LagebildError(f"a follower of the rules did not tell {what!r} within {_LONGEST_SECONDS:.0f} s")
    try:
        said, number, size = follower.recv()
    except EOFError as error:
        raise LagebildError("a follower of the rules has ended") from error
    if said != what:
        raise LagebildError(f"a follower of the rules told {said!r} instead of {what!r}")
    return number, size


@contextmanager
def _watched(settings: Settings, loaded: Loaded) -> Iterator[float]:
    """The watcher at work; yields the seconds that the first publishing took."""
    stop, first = threading.Event(), threading.Event()
    problems: list[str] = []

    def tell(applied: Applied) -> None:
        problems.extend(map(str, applied.problems))
        first.set()

    watcher = threading.Thread(target=watch, args=(settings, stop, tell, loaded), name="rules watcher", daemon=True)
    started = time.monotonic()
    watcher.start()
    try:
        if not first.wait(_LONGEST_SECONDS) or problems:
            raise LagebildError(f"the rules were not published: {problems[:1] or 'too slow'}")
        yield time.monotonic() - started
    finally:
        stop.set()
        watcher.join(30)


@contextmanager
def _followers(settings: Settings) -> Iterator[list[Connection]]:
    """Processes that follow the rules and tell what they hold."""
    spawned = multiprocessing.get_context("spawn")
    ends, processes = [], []
    try:
        for _ in range(FOLLOWERS):
            ours, theirs = spawned.Pipe()
            process = spawned.Process(target=_follow, args=(settings, theirs), daemon=True)
            process.start()
            theirs.close()
            ends.append(ours)
            processes.append(process)
        yield ends
    finally:
        for process in processes:
            process.terminate()
            process.join(10)


def _follow(settings: Settings, answer: Connection) -> None:
    gc.collect()
    before = _resident()
    started = time.monotonic()
    follower = RuleFollower(settings)
    follower.start()
    if not follower.wait(_LONGEST_SECONDS):
        return
    seconds = time.monotonic() - started
    gc.collect()
    answer.send(("ready", seconds, _resident() - before))
    seen = follower.current()
    with suppress(BrokenPipeError):
        while True:
            now = follower.current()
            if now is not seen:
                new = [each.rule.title for each in now.rules.values() if each is not seen.rules.get(each.rule.id)]
                for title in new:
                    answer.send((title, time.time(), 0))
                seen = now
            time.sleep(_BETWEEN_LOOKS_SECONDS)


def _resident() -> int:
    gc.collect()
    return usage(os.getpid(), with_children=False).resident_bytes

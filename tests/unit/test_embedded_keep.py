from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from pipeline import restarts
from pipeline.embedded.keep import QUICK_ENDS, how, is_hopeless, keeping
from pipeline.embedded.leash import Command
from pipeline.embedded.server import Launch, Server
from pipeline.restarts import STEADY_SECONDS, History


def test_the_pause_doubles_while_a_server_ends_quickly_and_is_short_again_once_it_was_steady() -> None:
    history = History(0, 0.0)
    pauses = []
    for _ in range(3):
        history = history.ended(1.0)
        pauses.append(history.pause_seconds)
    assert pauses == [0.5, 1.0, 2.0]
    assert history.ended(STEADY_SECONDS) == History(1, 0.0)


def test_it_is_hopeless_after_several_quick_ends_and_not_before() -> None:
    history = History(0, 0.0)
    for _ in range(QUICK_ENDS - 1):
        history = history.ended(1.0)
    assert not is_hopeless(history) and is_hopeless(history.ended(1.0))


def test_an_exit_is_told_in_words() -> None:
    assert [how(-9), how(1), how(None)] == ["signal 9", "exit code 1", "no exit code"]


def test_a_server_that_cannot_be_started_is_given_up_with_its_log_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "FIRST_PAUSE_SECONDS", 0.01)
    command = Command([sys.executable, "-c", "raise SystemExit(7)"], {}, tmp_path)
    log = tmp_path / "kafka.log"
    server = Server(Launch("Kafka", "127.0.0.1:1", command, log, answers=lambda: False))
    told: list[str] = []
    stop = threading.Event()
    with keeping((server,), told.append, stop) as keepers:
        assert stop.wait(30), "the demonstration has to end when a server is given up"
    assert len(told) == QUICK_ENDS and keepers[0].given_up == told[-1]
    assert told[-1].startswith(f"Kafka ended {QUICK_ENDS} times in a row and is not started again") and str(log) in told[-1]
    assert "exit code 7" in told[-1] and all(each.endswith(": starting it again") for each in told[:-1])

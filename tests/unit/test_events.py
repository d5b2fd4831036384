from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

from pipeline.events import RARELY_SECONDS, Rarely

COMPLAINS = """
import logging, sys
from pathlib import Path
import structlog
from pipeline import events
events.configure("demo", level="warning", file=Path(sys.argv[1]))
for attempt in range(200):
    logging.getLogger("kafka.client").error("KafkaConnection %s: ECONNREFUSED", attempt)
structlog.get_logger().error("ours", rule="x")
"""


def test_a_dead_broker_does_not_reach_the_screen_and_fills_no_file(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "demo.log"
    done = subprocess.run([sys.executable, "-c", COMPLAINS, str(file)], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stderr == done.stdout == ""
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [each["event"] for each in lines] == ["KafkaConnection 0: ECONNREFUSED", "ours"]


def record(name: str, message: str) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, __file__, 1, message, (), None)


def test_lines_that_differ_in_numbers_are_one_kind_and_those_held_back_are_counted() -> None:
    now = [0.0]
    rarely = Rarely(lambda: now[0])
    assert [rarely.filter(record("kafka.conn", f"node {number}: refused")) for number in range(3)] == [True, False, False]
    assert rarely.filter(record("kafka.conn", "something else"))
    now[0] = RARELY_SECONDS
    late = record("kafka.conn", "node 9: refused")
    assert rarely.filter(late) and late.getMessage() == "node 9: refused (and 2 lines like it before)"


def test_our_own_lines_are_never_held_back() -> None:
    rarely = Rarely(lambda: 0.0)
    assert all(rarely.filter(record("pipeline", "the same")) for _ in range(5))

from __future__ import annotations

from pipeline.watchdog import Watchdog

BEHIND = {("articles.collected", 0): 10}


def test_a_partition_with_work_that_stands_still_too_long_is_named() -> None:
    watchdog = Watchdog(60)
    assert watchdog.look(BEHIND, excused=False, now=0) == ""
    assert watchdog.look(BEHIND, excused=False, now=59) == ""
    assert watchdog.look(BEHIND, excused=False, now=61) == "articles.collected/0"


def test_progress_starts_the_count_again() -> None:
    watchdog = Watchdog(60)
    watchdog.look(BEHIND, excused=False, now=0)
    watchdog.look({("articles.collected", 0): 11}, excused=False, now=50)
    assert watchdog.look({("articles.collected", 0): 11}, excused=False, now=100) == ""


def test_restores_and_declared_retries_do_not_count() -> None:
    watchdog = Watchdog(60)
    watchdog.look(BEHIND, excused=False, now=0)
    assert watchdog.look(BEHIND, excused=True, now=100) == ""
    assert watchdog.look(BEHIND, excused=False, now=101) == ""


def test_a_partition_without_work_never_stalls() -> None:
    watchdog = Watchdog(60)
    watchdog.look({}, excused=False, now=0)
    assert watchdog.look({}, excused=False, now=1000) == ""

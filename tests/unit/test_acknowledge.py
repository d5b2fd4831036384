from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.acknowledge import Contiguous, Gap


def test_nothing_is_acknowledged_while_an_earlier_offset_is_open() -> None:
    tracker = Contiguous()
    for offset in (5, 6, 7):
        tracker.start(offset)
    assert tracker.finish(6) == []
    assert tracker.finish(7) == []
    assert tracker.finish(5) == [5, 6, 7]
    assert tracker.unfinished == 0


def test_an_offset_out_of_order_is_a_gap() -> None:
    tracker = Contiguous()
    tracker.start(9)
    with pytest.raises(Gap):
        tracker.start(8)


def test_finishing_twice_is_refused() -> None:
    tracker = Contiguous()
    tracker.start(1)
    tracker.finish(1)
    with pytest.raises(KeyError):
        tracker.finish(1)


@settings(deadline=None, max_examples=200)
@given(st.permutations(range(12)), st.integers(0, 11))
def test_what_is_acknowledged_is_always_the_finished_prefix(order: list[int], stop: int) -> None:
    tracker = Contiguous()
    for offset in range(12):
        tracker.start(offset)
    finished: set[int] = set()
    acknowledged: list[int] = []
    for offset in order[:stop]:
        finished.add(offset)
        acknowledged += tracker.finish(offset)
        prefix = next((each for each in range(12) if each not in finished), 12)
        assert acknowledged == list(range(prefix))

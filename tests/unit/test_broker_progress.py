"""How far a group is, of what it has committed on each partition."""

from __future__ import annotations

import pytest

from pipeline.broker import Lag, Progress, progress


def lag(partition: int, committed: int | None, end: int) -> Lag:
    return Lag("worker", "articles.collected", partition, committed, end)


@pytest.mark.parametrize(
    ("lags", "expected"),
    [
        ([], Progress(0, None)),
        ([lag(0, None, 7), lag(1, None, 0)], Progress(0, None)),
        ([lag(0, 4, 7), lag(1, None, 2)], Progress(4, 5)),
        ([lag(0, 7, 7), lag(1, 2, 2)], Progress(9, 0)),
        # Retention has cut a partition behind the group, or the topic was made anew.
        ([lag(0, 9, 7)], Progress(9, 0)),
    ],
)
def test_a_group_is_as_far_as_its_partitions_together(lags: list[Lag], expected: Progress) -> None:
    assert progress(lags) == expected

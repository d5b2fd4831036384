"""Decides whether a worker stands still although it has work: Faust workers stay up while they do nothing."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Watchdog:
    """Decides whether a partition that has work has stood still for too long. `look` gets monotonic seconds."""

    limit_seconds: float
    _since: dict[tuple[str, int], tuple[int, float]] = field(default_factory=dict)

    def excuse(self) -> None:
        """What happened until now does not count: a restore, a declared retry, a broker that is away."""
        self._since.clear()

    def look(self, behind: dict[tuple[str, int], int], *, excused: bool, now: float) -> str:
        """The name of a stalled partition, or an empty string. `behind` maps partitions with lag to their committed offset."""
        if excused:
            self.excuse()
            return ""
        self._since = {
            partition: self._since[partition] if self._since.get(partition, (None, 0.0))[0] == committed else (committed, now)
            for partition, committed in behind.items()
        }
        for (topic, partition), (_, since) in self._since.items():
            if now - since > self.limit_seconds:
                return f"{topic}/{partition}"
        return ""

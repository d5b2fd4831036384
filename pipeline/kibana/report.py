"""What became of each thing in Kibana, for people and for scripts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Change:
    """What became, or in a dry run would become, of one thing in Kibana. `problem` says what went wrong and `fix` what to do; both "" when all is well.

    `change` is created, replaced, unchanged, left over or failed.
    """

    kind: str
    id: str
    name: str
    change: str
    problem: str = ""
    fix: str = ""


@dataclass
class Report:
    """What was, or in a dry run would be, done. It is filled on the way, so that after an error it still holds what was done before."""

    kibana: str = ""
    version: str = ""
    space: str = ""
    dry_run: bool = False
    changes: list[Change] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[Change]:
        return [each for each in self.changes if each.change == "failed"]

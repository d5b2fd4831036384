"""All checks over the facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.doctor.certificates import certificates
from pipeline.doctor.clock import clock
from pipeline.doctor.dashboards import dashboards
from pipeline.doctor.disk import disk
from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding
from pipeline.doctor.lag import lag
from pipeline.doctor.limits import limits
from pipeline.doctor.reachable import reachable
from pipeline.doctor.rights import rights
from pipeline.doctor.templates import templates
from pipeline.doctor.topics import topics
from pipeline.doctor.versions import versions

CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    reachable,
    versions,
    topics,
    lag,
    templates,
    disk,
    clock,
    certificates,
    rights,
    dashboards,
    limits,
)


def examine(facts: Facts) -> list[Finding]:
    """What every check says, in their order."""
    return [finding for check in CHECKS for finding in check(facts)]

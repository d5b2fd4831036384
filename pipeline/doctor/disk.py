"""Disk watermarks and health: at the flood stage Elasticsearch makes indices read-only, and the indexer waits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.doctor.facts import ElasticsearchFacts, Facts, NodeFacts
from pipeline.doctor.finding import Finding, note, ok, problem

_UNITS = {"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}
_MAKE_ROOM = "make room: lower elasticsearch.retention_days and run `lagebild index retention`, or add disk or nodes"


def disk(facts: Facts) -> Iterator[Finding]:
    found = facts.elasticsearch
    if found is None:
        return
    if found.status == "red":
        yield problem(
            "disk",
            "the cluster is red: some primary shards are missing",
            "bring back the node that holds them; GET /_cluster/allocation/explain says which and why (the indexer waits meanwhile)",
        )
    if found.read_only:
        yield problem(
            "disk", f"read-only: {', '.join(found.read_only)}", f"{_MAKE_ROOM}; the block goes by itself when the disk has room again"
        )
    if not found.thresholds_enabled:
        yield note(
            "disk",
            "the disk thresholds of Elasticsearch are switched off: a full disk is not noticed before writing fails",
            "set cluster.routing.allocation.disk.threshold_enabled to true (in elasticsearch.yml, or with PUT /_cluster/settings)",
        )
        return
    for node in found.nodes:
        yield _judged(found, node)


def _judged(found: ElasticsearchFacts, node: NodeFacts) -> Finding:
    used = 1 - node.free_bytes / node.disk_bytes if node.disk_bytes else 0.0
    what = f"{node.name}: {used:.0%} of the disk used, {node.free_bytes / (1 << 30):,.1f} GB free"
    for stage, follows in (
        ("flood_stage", "indices are read-only, nothing is indexed"),
        ("high", "shards are moved away"),
        ("low", "no new shards here"),
    ):
        if passed(found.watermarks.get(stage, ""), node):
            return problem("disk", f"{what}: beyond the watermark {stage} ({found.watermarks[stage]}): {follows}", _MAKE_ROOM)
    return ok("disk", what)


def passed(watermark: str, node: NodeFacts) -> bool:
    """Whether the node is beyond a watermark: "85%" and "0.85" are used shares, "10gb" is room that must stay free. False for one unreadable."""
    text = watermark.strip().lower()
    if not node.disk_bytes:
        return False
    used = 1 - node.free_bytes / node.disk_bytes
    if match := re.fullmatch(r"([0-9.]+)%", text):
        return used * 100 >= float(match[1])
    if match := re.fullmatch(r"([0-9.]+)(b|kb|mb|gb|tb)", text):
        return node.free_bytes <= float(match[1]) * _UNITS[match[2]]
    if match := re.fullmatch(r"0?\.[0-9]+", text):
        return used >= float(match[0])
    return False

"""Writes `packages.json`: which files the servers consist of. For whoever raises a version: `python -m pipeline.embedded.pinning`."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from jgo.maven import Artifact, MavenContext

from pipeline.embedded.packages import repository

KAFKA = "4.3.0"
LOG4J = "2.25.4"  # what binds Kafka's log calls to the Log4j it depends on: the Kafka jars alone log nothing
ELASTICSEARCH = "8.19.3"
NEXT_ELASTICSEARCH = "9.5.0"


def packages(context: MavenContext) -> list[dict[str, Any]]:
    """The content of `packages.json`. Downloads everything into the context's cache.

    The memory figures are rounded up from resident sizes under load, those on disk from `du` (2 cores, Java 25, 2026-11-20).
    """
    jars = [*_with_dependencies(context, f"org.apache.kafka:kafka_2.13:{KAFKA}")]
    known = {each.artifactId for each in jars}
    jars += [
        each for each in _with_dependencies(context, f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J}") if each.artifactId not in known
    ]
    return [
        {
            "name": "Kafka",
            "version": KAFKA,
            "licence": "Apache-2.0",
            "purpose": "the log that articles flow through",
            "memory_bytes": 600_000_000,
            "disk_bytes": 47_000_000,
            "files": [_entry(each) for each in jars],
        },
        _elasticsearch(context, ELASTICSEARCH, "the index that articles and alerts are searched in", 112_000_000),
        {
            **_elasticsearch(
                context, NEXT_ELASTICSEARCH, "the same in the next major, for tests; needs a full JDK from version 21", 151_000_000
            ),
            "is_extra": True,
        },
    ]


def _elasticsearch(context: MavenContext, version: str, purpose: str, disk_bytes: int) -> dict[str, Any]:
    archive = context.project("org.elasticsearch.distribution.integ-test-zip", "elasticsearch").at_version(version)
    return {
        "name": "Elasticsearch",
        "version": version,
        "licence": "AGPL-3.0, SSPL-1.0 or Elastic-2.0; parts only Elastic-2.0",
        "purpose": purpose,
        "memory_bytes": 1_000_000_000,
        "disk_bytes": disk_bytes,
        "files": [_entry(archive.artifact(classifier="", packaging="zip"))],
    }


def _with_dependencies(context: MavenContext, coordinate: str) -> list[Artifact]:
    first, others = context.resolver.resolve([context.create_dependency(coordinate)])
    return [each.artifact for each in [*first, *others]]


def _entry(artifact: Artifact) -> dict[str, Any]:
    path = Path(artifact.resolve())
    return {
        "group": artifact.groupId,
        "artifact": artifact.artifactId,
        "version": artifact.version,
        "kind": artifact.packaging,
        "size_bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as cache:
        found = packages(MavenContext(repo_cache=Path(cache), remote_repos={"central": repository()}, timeout=60))
    Path(__file__).with_name("packages.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

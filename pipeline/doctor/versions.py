"""Clients against servers. Kafka's clients speak to 2.1 and newer; the Elasticsearch client 8 to servers 8 and 9, client 9 to servers 9 only."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import ElasticsearchFacts, Facts
from pipeline.doctor.finding import Finding, note, ok, problem

# KIP-896: what a broker 4 still speaks, clients since 2.1 speak too; transactions as the alerter uses them need 2.5 (KIP-447).
OLDEST_KAFKA = (2, 5)


def versions(facts: Facts) -> Iterator[Finding]:
    if facts.kafka is not None:
        yield _kafka(facts.kafka.version, facts.machine.clients)
    if facts.elasticsearch is not None:
        yield from (_node(each.name, each.version, facts.machine.clients["elasticsearch"]) for each in facts.elasticsearch.nodes)
        yield from _lean(facts.elasticsearch)


def _kafka(version: tuple[int, ...], clients: object) -> Finding:
    written = ".".join(map(str, version))
    if version < OLDEST_KAFKA:
        wanted = ".".join(map(str, OLDEST_KAFKA))
        return problem(
            "versions", f"Kafka speaks as {written}", f"upgrade Kafka to {wanted} or newer: transactions do not work as we need them"
        )
    return ok("versions", f"Kafka speaks as {written}")


def _node(name: str, server: str, client: str) -> Finding:
    major, ours = _major(server), _major(client)
    what = f"Elasticsearch {server} ({name}), client {client}"
    if major < 8:
        return problem("versions", what, "upgrade Elasticsearch to 8 or 9")
    if ours > major:
        return problem("versions", what, f"a client {ours} is refused by a server {major}: pip install 'elasticsearch>=8.19,<9'")
    if major > ours + 1:
        return problem("versions", what, "this server is newer than the client can speak to: upgrade Lagebild")
    return ok("versions", what)


def _major(version: str) -> int:
    head = version.split(".")[0]
    return int(head) if head.isdigit() else 0


def _lean(found: ElasticsearchFacts) -> Iterator[Finding]:
    missing = found.analysers_missing
    if missing:
        shown = ", ".join(missing) if len(missing) <= 5 else f"{len(missing)} languages"
        yield note(
            "versions",
            f"this Elasticsearch lacks language analysers ({shown}): a search for one form of a word finds only that form",
            "use a full distribution for people who search; news.terms and alerts do not depend on it",
        )
    if not found.has_ilm:
        yield note(
            "versions",
            "this Elasticsearch has no index lifecycle management: nothing removes old months by itself",
            "run `lagebild index retention` every day (cron, systemd timer)",
        )

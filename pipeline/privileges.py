"""What each process does in Kafka, as the rights that it needs there: from the topology, so that they cannot disagree.

`python -m pipeline.privileges` writes `deploy/kafka-acls.sh`; the processes are held against it when they start and by `lagebild doctor`.
Read and Write bring Describe with them (Kafka's rule), so Describe stands only where nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pipeline import topology
from pipeline.topology import GROUPS, STAGES, TOPICS

Kind = Literal["topic", "group", "transactional id"]
OPERATOR = "operator"
# The transactional id of `lagebild rules apply`, which the live page uses as well.
RULES_APPLY = "rules apply"
_EVERY_TOPIC = tuple(each.name for each in TOPICS)


@dataclass(frozen=True, order=True)
class Privilege:
    """The right to do `operation` (as Kafka calls it) with one topic, group or transactional id. `name` is without the prefix."""

    kind: Kind
    name: str
    operation: str


@dataclass(frozen=True)
class Role:
    """Who needs rights: a process, or the people who use commands. `writes` and `reads` are topics."""

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    help: str
    transactional_ids: tuple[str, ...] = ()
    others: tuple[Privilege, ...] = ()

    @property
    def privileges(self) -> tuple[Privilege, ...]:
        found = [Privilege("topic", name, "Read") for name in self.reads]
        found += [Privilege("topic", name, "Write") for name in self.writes]
        # Write opens transactions, Describe finds who coordinates them.
        found += [Privilege("transactional id", name, "Write") for name in self.transactional_ids]
        return tuple(sorted({*found, *self.others}))


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    wanted = set(names)
    return tuple(each for each in _EVERY_TOPIC if each in wanted)


def _process(name: str, help: str, *, also_reads: tuple[str, ...] = (), transactional_ids: tuple[str, ...] = ()) -> Role:
    stages = [each for each in STAGES if each.runs_in == name]
    reads = _in_order([*also_reads, *(topic for each in stages for topic in (*each.reads, *each.state))])
    writes = _in_order(topic for each in stages for topic in each.writes)
    group = (Privilege("group", name, "Read"),) if name in GROUPS else ()
    return Role(name, reads, writes, help, transactional_ids, group)


ROLES: tuple[Role, ...] = (
    _process("collector", "fetches from the sources", also_reads=(topology.HEALTH, topology.HELD, topology.CANARIES)),
    _process("worker", "the Faust stages"),
    _process("alerter", "episodes and messages", transactional_ids=("alerter",)),
    _process("indexer", "writes to Elasticsearch"),
    Role(
        "console",
        _EVERY_TOPIC,
        (topology.COMMANDS, topology.RULES, topology.RULE_VERSIONS),
        "the live page: it reads everything, and people decide and write rules there",
        (RULES_APPLY,),
        tuple(Privilege("group", each, "Describe") for each in GROUPS),
    ),
    Role(
        OPERATOR,
        _EVERY_TOPIC,
        _in_order(
            [
                topology.COMMANDS,
                topology.RULES,
                topology.RULE_VERSIONS,
                topology.COLLECTED,
                topology.IDENTIFIED,
                topology.DEDUPLICATED,
                topology.ENRICHED,
                topology.MATCHES,
            ]
        ),
        "whoever types commands: topics apply, rules apply, alerts, drill, rejected replay, doctor",
        (RULES_APPLY,),
        (
            *(Privilege("topic", each, operation) for each in _EVERY_TOPIC for operation in ("Create", "AlterConfigs", "DescribeConfigs")),
            *(Privilege("group", each, "Describe") for each in GROUPS),
        ),
    ),
)


def role(name: str) -> Role:
    """The role called `name`. Raises KeyError for a name that is not in `ROLES`."""
    return {each.name: each for each in ROLES}[name]


def listed(rights: Iterable[Privilege]) -> str:
    """Rights for people: things on which the same ones are wanted stand together."""
    operations: dict[tuple[Kind, str], list[str]] = {}
    for each in sorted(rights):
        operations.setdefault((each.kind, each.name), []).append(each.operation)
    names: dict[tuple[Kind, tuple[str, ...]], list[str]] = {}
    for (kind, name), wanted in operations.items():
        names.setdefault((kind, tuple(wanted)), []).append(name)
    return "; ".join(
        f"{', '.join(wanted)} on the {kind}{'s' if len(found) > 1 else ''} {', '.join(found)}" for (kind, wanted), found in names.items()
    )


def script() -> str:
    """`deploy/kafka-acls.sh`: the commands that give each role its rights."""
    lines = [_HEAD]
    for each in ROLES:
        variable = each.name.upper()
        lines.append(f"\n# {each.name}: {each.help}")
        lines.append(f'principal="${{{variable}:-User:lagebild-{each.name}}}"')
        lines += [f'allow --allow-principal "$principal" {options}' for options in _options(each)]
    return "\n".join(lines) + "\n"


_OPTION: dict[Kind, str] = {"topic": "--topic", "group": "--group", "transactional id": "--transactional-id"}


def _options(role: Role) -> list[str]:
    """The options of one command for each kind and set of operations."""
    by_name: dict[tuple[Kind, str], list[str]] = {}
    for each in role.privileges:
        by_name.setdefault((each.kind, each.name), []).append(each.operation)
    grouped: dict[tuple[Kind, tuple[str, ...]], list[str]] = {}
    for (kind, name), operations in by_name.items():
        grouped.setdefault((kind, tuple(sorted(operations))), []).append(name)
    made = []
    for (kind, together), names in sorted(grouped.items()):
        wanted = " ".join(f"--operation {each}" for each in together)
        made.append(f"{wanted} {' '.join(f'{_OPTION[kind]} {_quoted(name)}' for name in names)}")
    return made


def _quoted(name: str) -> str:
    """`name` behind the prefix, as one word of the shell."""
    return f'"${{prefix}}{name}"'


_HEAD = """\
#!/usr/bin/env bash
# Gives each process of Lagebild the rights in Kafka that it needs and no others. Written by `python -m pipeline.privileges`; a test holds both
# against each other, and another one runs the processes with exactly these rights.
#
#   BOOTSTRAP=kafka1:9093 COMMAND_CONFIG=admin.properties bash deploy/kafka-acls.sh
#
# KAFKA_ACLS   Kafka's own command, when it is not kafka-acls.sh on PATH      PREFIX   kafka.topic_prefix of the configuration
# COLLECTOR, WORKER, ALERTER, INDEXER, CONSOLE, OPERATOR   the principals, for example COLLECTOR=User:feeds
#   For `lagebild run` without a name, which runs them all as one user, set all six to that user.
set -euo pipefail
prefix="${PREFIX:-}"

allow() {
  "${KAFKA_ACLS:-kafka-acls.sh}" --bootstrap-server "${BOOTSTRAP:?address of a broker}" ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} --add "$@"
}"""


if __name__ == "__main__":
    from pathlib import Path

    (Path(__file__).parents[1] / "deploy" / "kafka-acls.sh").write_text(script(), encoding="utf-8")

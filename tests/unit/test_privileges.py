"""The rights of each process come from the topology, and the file that gives them is written from those."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka.errors import KafkaTimeoutError, TopicAuthorizationFailedError

from pipeline import broker, privileges, topology
from pipeline.privileges import Privilege

ROOT = Path(__file__).parents[2]


def test_the_commands_in_deploy_are_those_of_the_roles() -> None:
    assert (ROOT / "deploy" / "kafka-acls.sh").read_text(encoding="utf-8") == privileges.script(), "run: python -m pipeline.privileges"


@pytest.mark.parametrize("stage", topology.STAGES, ids=lambda each: each.name)
def test_a_process_may_do_what_its_stages_do(stage: topology.Stage) -> None:
    allowed = set(privileges.role(stage.runs_in).privileges)
    wanted = [Privilege("topic", name, "Read") for name in (*stage.reads, *stage.state)]
    wanted += [Privilege("topic", name, "Write") for name in stage.writes]
    assert allowed.issuperset(wanted)


def test_no_process_may_make_or_change_topics_and_the_operator_may_not_delete_them() -> None:
    operations = {each.name: {right.operation for right in each.privileges} for each in privileges.ROLES}
    assert {name: found - {"Read", "Write", "Describe"} for name, found in operations.items() if name != privileges.OPERATOR} == {
        name: set() for name in operations if name != privileges.OPERATOR
    }
    assert operations[privileges.OPERATOR] == {"Read", "Write", "Describe", "Create", "AlterConfigs", "DescribeConfigs"}


def test_an_error_about_rights_says_what_to_do_and_others_stay_as_they_are() -> None:
    assert "lagebild doctor --as PROCESS" in broker.in_words(TopicAuthorizationFailedError("evidence"))
    assert broker.in_words(KafkaTimeoutError("too late")).endswith("too late")
    assert broker.in_words(OSError()) == "OSError"

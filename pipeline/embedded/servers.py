"""Both embedded servers together.

    with Servers(data_folder) as servers:
        servers.addresses.kafka, servers.addresses.elasticsearch
        servers.kafka.kill()
        servers.kafka.start()

`python -m pipeline.embedded.servers --data DIR` runs them until SIGTERM or Ctrl-C and prints one line of JSON when both answer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import signal
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from pipeline.embedded import account, elasticsearch, java, kafka, packages
from pipeline.embedded.folder import DataFolder, Lock, choose_ports, default_path
from pipeline.embedded.packages import Progress, Step
from pipeline.embedded.server import GivenUp, Server, StartFailed

_PORT_NAMES = ("kafka", "kafka_controller", "elasticsearch", "elasticsearch_transport")


class CannotEnter(StartFailed):
    """The user the servers run as cannot reach the data folder."""


@dataclass(frozen=True)
class Addresses:
    """Where clients find the servers: `kafka` as host:port, `elasticsearch` as a URL."""

    kafka: str
    elasticsearch: str


class Servers:
    """A Kafka and an Elasticsearch of our own, on one data folder.

    `packages_folder` defaults to the one inside the data folder; naming another lets many data folders share one download.
    `settings` go to `elasticsearch.yml`, `kafka_settings` to `server.properties`; `kafka_users` (with passwords) are known from the first start
    on. `elasticsearch_version` names another than the usual one. `runtime` is the Java to use, by default what `java.find()` finds, or for another
    version `java.find_full()`.
    """

    def __init__(
        self,
        data_folder: Path | None = None,
        progress: Progress = lambda step: None,
        *,
        packages_folder: Path | None = None,
        settings: Mapping[str, str] | None = None,
        kafka_settings: Mapping[str, str] | None = None,
        kafka_users: Mapping[str, str] | None = None,
        runtime: java.Java | None = None,
        elasticsearch_version: str = "",
    ) -> None:
        self.folder = DataFolder.at(data_folder or default_path(), packages_folder)
        self._progress = progress
        self._settings = dict(settings or {})
        self._kafka = (dict(kafka_settings or {}), dict(kafka_users or {}))
        self._runtime = runtime
        self._elasticsearch_version = elasticsearch_version
        self._lock: Lock | None = None
        self._servers: tuple[Server, Server] | None = None

    @property
    def kafka(self) -> Server:
        return self._both()[0]

    @property
    def elasticsearch(self) -> Server:
        return self._both()[1]

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.kafka.launch.address, self.elasticsearch.launch.address)

    def start(self) -> Addresses:
        """Where the servers are, once both answer.

        Raises InUse (another process has the data folder), NoJava, DownloadFailed, StartFailed and CannotEnter; then nothing is left running.
        """
        self._lock = Lock(self.folder.lock)
        try:
            self._servers = self._prepared(self._lock)
            self._start_both()
        except BaseException:
            self.stop()
            raise
        return self.addresses

    def stop(self) -> None:
        """Ends both, Elasticsearch while Kafka ends too. Also when only one runs, or none."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda server: server.stop(), self._servers or ()))
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _both(self) -> tuple[Server, Server]:
        if self._servers is None:
            raise RuntimeError("the servers have not been started")
        return self._servers

    def _prepared(self, lock: Lock) -> tuple[Server, Server]:
        folder = self.folder
        packages.fetch(folder.packages, self._progress, self._elasticsearch_version)
        who = account.for_servers()
        if who is not None:
            for each in (folder.path, folder.packages):
                account.make_open(each)
        find = java.find_full if self._elasticsearch_version else java.find
        runtime = _reachable(self._runtime or find(), folder, who)
        ports = choose_ports(folder.ports, _PORT_NAMES)
        jars, home = (each.folder(folder.packages) for each in packages.known(self._elasticsearch_version))
        held = (lock.descriptor,)
        return (
            kafka.server(folder.kafka, jars, runtime, (ports["kafka"], ports["kafka_controller"]), who, held, *self._kafka),
            elasticsearch.server(
                folder.elasticsearch,
                home,
                runtime,
                (ports["elasticsearch"], ports["elasticsearch_transport"]),
                who,
                held,
                self._settings,
            ),
        )

    def _start_both(self) -> None:
        given_up = threading.Event()

        def start(server: Server) -> None:
            self._progress(Step(f"starting {server.launch.name}"))
            try:
                server.start(given_up)
            except BaseException:
                given_up.set()
                raise
            self._progress(Step(f"{server.launch.name} answers at {server.launch.address}"))

        with ThreadPoolExecutor(2) as pool:
            running = [pool.submit(start, server) for server in self._both()]
            try:
                failures = [failure for each in running if (failure := each.exception()) is not None]
            except BaseException:
                given_up.set()
                raise
        if failures:
            raise next((each for each in failures if not isinstance(each, GivenUp)), failures[0])


def _reachable(runtime: java.Java, folder: DataFolder, who: account.Account | None) -> java.Java:
    """The runtime, or a copy of it in the data folder when the servers' user cannot enter where it lies."""
    if who is None:
        return runtime
    for each in (folder.path, folder.packages):
        barrier = account.barrier(each, who)
        if barrier is not None:
            raise CannotEnter(
                f"Elasticsearch does not run as root, and the user it runs as instead cannot enter {barrier}. "
                f"Choose a data folder outside of it (now {folder.path}), for example with LAGEBILD_HOME=/var/lib/lagebild."
            )
    if account.barrier(runtime.home, who) is None and account.barrier(runtime.program, who) is None:
        return runtime
    release = hashlib.sha256((runtime.home / "release").read_bytes()).hexdigest()[:12]
    return replace(runtime, home=account.copy_open(runtime.home, folder.path / f"java-{release}"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m pipeline.embedded.servers", description="Runs the embedded Kafka and Elasticsearch.")
    parser.add_argument("--data", type=Path, default=default_path(), help="data folder (default: %(default)s)")
    parser.add_argument("--packages", type=Path, help="folder of the downloads (default: inside the data folder)")
    versions = [each.version for each in packages.listed() if each.name == "Elasticsearch"]
    parser.add_argument("--elasticsearch", choices=versions, default="", help="another version of Elasticsearch than the usual one")
    parser.add_argument("--fetch-only", action="store_true", help="download what is missing, start nothing")
    wanted = parser.parse_args()
    ended = threading.Event()

    def interrupted(number: int, frame: FrameType | None) -> None:
        ended.set()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    last = ""

    def progress(step: Step) -> None:
        nonlocal last
        share = f" {10 * (10 * step.done_bytes // step.total_bytes)} %" if step.total_bytes else ""
        if (line := step.what + share) != last:
            last = line
            print(line, file=sys.stderr, flush=True)  # noqa: T201

    try:
        if wanted.fetch_only:
            packages.fetch(DataFolder.at(wanted.data, wanted.packages).packages, progress, wanted.elasticsearch)
            return 0
        with Servers(wanted.data, progress, packages_folder=wanted.packages, elasticsearch_version=wanted.elasticsearch) as servers:
            pids = {"kafka_pid": servers.kafka.pid, "elasticsearch_pid": servers.elasticsearch.pid}
            print(json.dumps({**asdict(servers.addresses), **pids}), flush=True)  # noqa: T201
            while not ended.wait(1.0):
                pass
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

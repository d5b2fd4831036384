from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.embedded.account import Account, barrier, copy_open
from pipeline.embedded.folder import DataFolder, InUse, Lock, choose_ports, default_path, is_free

NAMES = ("kafka", "elasticsearch")


def test_the_default_place_depends_on_the_environment_and_on_who_asks() -> None:
    user = {"HOME": "/home/ada"}
    assert default_path(user, is_root=False) == Path("/home/ada/.local/share/lagebild")
    assert default_path({**user, "XDG_DATA_HOME": "/data"}, is_root=False) == Path("/data/lagebild")
    assert default_path(user, is_root=True) == Path("/var/lib/lagebild")
    assert default_path({**user, "LAGEBILD_HOME": "/srv/x"}, is_root=True) == Path("/srv/x")


def test_packages_lie_inside_unless_another_place_is_named(tmp_path: Path) -> None:
    assert DataFolder.at(tmp_path).packages == tmp_path / "packages"
    assert DataFolder.at(tmp_path, Path("/shared")).packages == Path("/shared")


def test_ports_are_remembered_and_taken_again(tmp_path: Path) -> None:
    first = choose_ports(tmp_path / "ports.json", NAMES)
    assert choose_ports(tmp_path / "ports.json", NAMES) == first
    assert len(set(first.values())) == 2


def test_a_port_that_was_taken_meanwhile_is_replaced_alone(tmp_path: Path) -> None:
    first = choose_ports(tmp_path / "ports.json", NAMES)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first["kafka"]))
        other.listen()
        assert not is_free(first["kafka"])
        second = choose_ports(tmp_path / "ports.json", NAMES)
    assert second["kafka"] != first["kafka"]
    assert second["elasticsearch"] == first["elasticsearch"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"kafka": "x"}', '{"kafka": 80, "elasticsearch": -1}', '{"kafka": 20001, "elasticsearch": 20001}']
)
def test_a_damaged_memory_of_ports_is_no_obstacle(tmp_path: Path, content: str) -> None:
    (tmp_path / "ports.json").write_text(content)
    chosen = choose_ports(tmp_path / "ports.json", NAMES)
    assert chosen["kafka"] != chosen["elasticsearch"]
    assert all(15_000 <= port < 32_000 for port in chosen.values())
    assert json.loads((tmp_path / "ports.json").read_text()) == chosen


def test_a_second_hold_is_refused_and_names_the_holder(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    with pytest.raises(InUse, match=rf"in use by process {os.getpid()} "):
        Lock(tmp_path / "lock")
    lock.release()
    Lock(tmp_path / "lock").release()


def test_a_hold_lasts_while_an_heir_of_the_descriptor_lives(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(lock.descriptor,)) as heir:
        os.ftruncate(lock.descriptor, 0)
        lock.release()
        with pytest.raises(InUse):
            Lock(tmp_path / "lock", wait_seconds=0.2)
        heir.communicate(b"\n")
    Lock(tmp_path / "lock").release()


def test_the_outermost_closed_folder_is_the_barrier(tmp_path: Path) -> None:
    stranger = Account(60_001, 60_001)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "a").chmod(0o750)
    found = barrier(inner, stranger)
    assert found is not None and (found == tmp_path / "a" or found in tmp_path.parents or found == tmp_path)
    assert barrier(Path("/"), stranger) is None
    assert barrier(inner, Account(os.getuid(), os.getgid())) is None


def test_a_copy_is_readable_by_everybody_and_keeps_programs_executable(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "bin").mkdir(parents=True)
    for name, mode in (("bin/java", 0o700), ("release", 0o600)):
        (source / name).write_text(name)
        (source / name).chmod(mode)
    (source / "link").symlink_to("release")
    copy = copy_open(source, tmp_path / "copy")
    assert (copy / "bin" / "java").stat().st_mode & 0o777 == 0o755
    assert (copy / "release").stat().st_mode & 0o777 == 0o644
    assert (copy / "link").readlink() == Path("release")
    (source / "release").write_text("changed")
    assert (copy_open(source, tmp_path / "copy") / "release").read_text() == "release"

"""Files written in one step, also where they cannot be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline import whole_file


def test_a_file_is_made_and_replaced_with_its_rights_and_through_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "rule.yml", tmp_path / "link.yml"
    whole_file.put(path, b"one")
    path.chmod(0o640)
    link.symlink_to(path)
    whole_file.put(link, b"two")
    assert path.read_bytes() == b"two" and path.stat().st_mode & 0o777 == 0o640 and link.is_symlink()
    assert {each.name for each in tmp_path.iterdir()} == {"rule.yml", "link.yml"}


def test_a_file_that_cannot_be_written_is_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rule.yml"
    whole_file.put(path, b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        whole_file.put(path, b"two")
    assert path.read_bytes() == b"one" and list(tmp_path.iterdir()) == [path]


def test_nothing_stands_where_there_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        whole_file.put(tmp_path / "away" / "rule.yml", b"one")
    assert list(tmp_path.iterdir()) == []

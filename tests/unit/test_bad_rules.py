"""Every file of `tests/bad_rules` is refused for what its name says, at the place and in the words that its first line expects."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.rules.load import load_folder

FOLDER = Path(__file__).parents[1] / "bad_rules"
FILES = sorted(FOLDER.glob("*.yml"))


def test_there_are_bad_files_of_many_kinds() -> None:
    assert len(FILES) > 150


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_at_its_place_in_words_that_help(path: Path, tmp_path: Path) -> None:
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    place, _, says = first.removeprefix("# expect: ").partition(" ")
    shutil.copy(path, tmp_path / path.name)
    loaded = load_folder(tmp_path, receivers=("desk",))
    found = [str(problem) for problem in loaded.problems]
    assert [each for each in found if each.startswith(f"{path.name}:{place}: ") and says in each], found
    assert loaded.rules == ()

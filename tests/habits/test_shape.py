"""What keeps the tree readable: names that say something, files that can be read in one go, one home for each outside system."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("pipeline/**/*.py"), *ROOT.glob("connectors/**/*.py")])
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "base", "misc", "manager", "handler", "handlers"}
MOST_LINES = 330
MOST_FUNCTION_LINES = 60


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_file_is_named_sized_and_introduced(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert path.stem.strip("_") not in EMPTY_NAMES
    assert text.count("\n") <= MOST_LINES, "split it by what happens to an article"
    assert path.name == "__init__.py" or ast.get_docstring(tree), "a module says in its first lines what it is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MOST_FUNCTION_LINES, f"{node.name} is too long"


def test_there_are_no_to_do_marks_and_no_skips() -> None:
    to_do = r"#.*\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b"
    marks = re.compile(to_do + r"|(?:mark|pytest)\.(?:skip|xfail)|" + "importor" + "skip")
    assert all(marks.search(each) for each in ("@pytest.mark." + "skipif(", "pytest." + "skip(", "# TO" + "DO later"))
    paths = [*SOURCES, *ROOT.glob("tests/**/*.py")]
    found = [
        f"{path.name}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1)
        if marks.search(line)
    ]
    assert found == []


def test_import_rules_hold() -> None:
    result = subprocess.run([ROOT / ".venv/bin/lint-imports"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout


def test_nothing_but_the_network_opens_urls_with_the_standard_library() -> None:
    """Import rules see `urllib` as one module, and most of the tree needs `urllib.parse`."""
    opening = re.compile(r"^\s*(?:from urllib import .*\brequest\b|(?:import|from) urllib\.request\b)", re.MULTILINE)
    assert opening.search("import urllib.request") and opening.search("    from urllib import parse, request")
    assert [str(path.relative_to(ROOT)) for path in SOURCES if opening.search(path.read_text(encoding="utf-8"))] == []


def test_no_pattern_is_possessive_or_atomic() -> None:
    """Python 3.11.0 to 3.11.4 read them wrongly inside groups (a token kept its genitive 's), and Debian 12 has 3.11.2. None is needed: what
    follows a repetition that cannot fail is never tried twice."""
    atomic = re.compile(r"(?:^|[\w\]})])[*+?]\+|\}\+|\(\?>")
    assert all(atomic.search(each) for each in ("[a-z]++", "(?:ab)*+", "[a]?+", "a{1,3}+", "(?>a)"))
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and atomic.search(node.value):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_every_folder_with_tests_is_run() -> None:
    script = (ROOT / "deploy" / "test.sh").read_text(encoding="utf-8")
    named = {each for row in re.findall(r"^with(?:out)?_servers=\((.*)\)$", script, re.MULTILINE) for each in row.split()}
    assert named == {str(path.parent.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py")}

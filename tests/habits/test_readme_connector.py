"""README's connector runs as it is written there, and keeps to the contract of all connectors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline import plugins
from pipeline.cli import app
from pipeline.errors import Transient
from pipeline.plugins import Batch, Context
from tests.contract import test_connectors as contract

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SAMPLE = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
CONFIGURATION = "plugins: [extras]\nsources: [{id: wire, connector: wire, options: {path: wire.tsv}}]\nenrichers: []\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration with README's connector in `extras/`, and what it reads: two articles and a line that is none."""
    (tmp_path / "extras" / "connectors").mkdir(parents=True)
    (tmp_path / "extras" / "connectors" / "wire.py").write_text(SAMPLE, encoding="utf-8")
    (tmp_path / "lagebild.yaml").write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / "wire.tsv").write_text("Eins\tDer erste Text.\nZwei\tDer zweite Text.\nkaputt\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def module(folder: Path) -> ModuleType:
    return plugins.load("connectors", "wire", (folder / "extras",))


@pytest.fixture
def fetch(module: ModuleType, folder: Path) -> Callable[..., Batch]:
    def fresh(cursor: dict[str, Any] | None = None) -> Batch:
        connector = plugins.make(module, module.Options(path="wire.tsv"), Context("quelle", folder, now=lambda: contract.NOW))
        found: Batch = connector.fetch(cursor or {})
        return found

    return fresh


def test_it_keeps_to_the_contract(module: ModuleType, fetch: Callable[..., Batch], folder: Path) -> None:
    contract.test_every_option_is_described_and_unknown_ones_are_refused(module)
    contract.test_the_first_fetch_brings_valid_articles_and_reasons(module, fetch)
    contract.test_the_cursor_is_json_and_survives_it(fetch)
    contract.test_nothing_comes_twice_when_the_own_cursor_comes_back(fetch)
    contract.test_the_same_state_of_the_world_gives_the_same_batch(fetch)
    contract.test_a_cursor_with_other_names_is_no_obstacle(fetch, {"unknown": 1})
    (folder / "wire.tsv").unlink()
    with pytest.raises(Transient, match="cannot be read"):
        fetch()


def feeds_test(folder: Path, *further: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["feeds", "test", "wire", "--config", str(folder / "lagebild.yaml"), *further])
    return result.exit_code, result.stdout, result.stderr


def test_feeds_test_shows_what_it_brings(folder: Path) -> None:
    code, shown, said = feeds_test(folder, "--json")
    assert code == 0 and [each["title"] for each in json.loads(shown)["articles"]] == ["Eins", "Zwei"], said


@pytest.mark.parametrize(
    ("written", "instead", "at", "what"),
    [
        (
            "def __init__(self, options, context)",
            "def initialise(self, options, context)",
            "return Wire(",
            "TypeError: Wire() takes no arguments",
        ),
        ('partition("\\t")', "partition(0)", "partition(0)", "TypeError: must be str, not int"),
    ],
)
def test_a_defect_in_it_is_named_with_its_file_and_line(folder: Path, written: str, instead: str, at: str, what: str) -> None:
    file = folder / "extras" / "connectors" / "wire.py"
    assert written in SAMPLE
    faulty = SAMPLE.replace(written, instead)
    file.write_text(faulty, encoding="utf-8")
    line = next(number for number, each in enumerate(faulty.splitlines(), 1) if at in each)
    code, _, said = feeds_test(folder)
    assert code == 1 and f"the plug-in 'wire' is faulty: {file}:{line}: {what}" in said.replace("\n", "") and "Traceback" not in said

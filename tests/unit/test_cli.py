"""The one console script: what it says before any command runs, and what it does not load for that."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest
from typer.testing import CliRunner

from pipeline.cli import app

# What takes long to import, and what most commands do without.
HEAVY = ("elasticsearch", "faust", "fastapi", "feedparser")


def test_the_version_is_told_by_an_option_and_by_a_command() -> None:
    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.stdout) == (0, f"lagebild {metadata.version('lagebild')}\n")
    assert CliRunner().invoke(app, ["version"]).stdout.splitlines()[0] == told.stdout.strip()


def test_a_mistyped_command_is_told_the_nearest() -> None:
    mistyped = CliRunner().invoke(app, ["rulez"])
    assert mistyped.exit_code == 2 and "Did you mean 'rules'?" in mistyped.output


@pytest.mark.parametrize(("command", "without"), [("--version", (*HEAVY, "kafka")), ("alerts", HEAVY), ("rules", HEAVY), ("trace", HEAVY)])
def test_a_command_loads_only_its_own_file(command: str, without: tuple[str, ...]) -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from pipeline.cli import app; "
        "print(CliRunner().invoke(app, sys.argv[1:]).exit_code, *sorted(set(sys.modules) & set(" + repr(without) + ")))"
    )
    arguments = [command] if command.startswith("-") else [command, "--help"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout.split() == ["0"]

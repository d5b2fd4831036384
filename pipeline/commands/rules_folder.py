"""What the commands on rules share: the folder they look at, and how they tell what is wrong in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pipeline.commands.terminal import err, settings_from
from pipeline.errors import BadConfiguration, Problem
from pipeline.rules.apply import receivers_of
from pipeline.rules.compiled import RuleSet
from pipeline.rules.load import Loaded, load_folder

Folder = Annotated[Path | None, typer.Option("--rules", help="A folder of rules; the configured one when left out.", show_default=False)]


def loaded_from(config: Path, folder: Path | None) -> Loaded:
    """The folder named, or that of the configuration, whose receivers the rules may then name."""
    if folder is not None:
        return load_folder(folder)
    settings = settings_from(config)
    return load_folder(settings.rules_folder, receivers=receivers_of(settings))


def sound(loaded: Loaded) -> Loaded:
    """The same. Raises BadConfiguration when a file has a problem."""
    if loaded.problems:
        raise BadConfiguration(list(loaded.problems))
    return loaded


def rule_set(loaded: Loaded) -> RuleSet:
    """The loaded rules, ready to match."""
    return RuleSet().changed(loaded.rules, routing=loaded.routing)


def tell(problems: Iterable[Problem]) -> None:
    """Each problem on a line of its own."""
    for each in problems:
        err.print(Text(str(each)))

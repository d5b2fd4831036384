"""What the commands on rules share: the folder they look at, and how they tell what is wrong in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from pipeline.commands.terminal import err, settings_from
from pipeline.enriching import Recogniser
from pipeline.errors import BadConfiguration, Problem
from pipeline.rules.apply import receivers_of
from pipeline.rules.compiled import RuleSet
from pipeline.rules.load import Loaded, load_folder
from pipeline.settings import Settings

SHOWN_FROM_FILES = 500

Folder = Annotated[Path | None, typer.Option("--rules", help="A folder of rules; the configured one when left out.", show_default=False)]


def settings_beside(config: Path, folder: Path | None) -> Settings | None:
    """The configuration; None when a folder is named and there is none. Raises BadConfiguration for one with faults."""
    return None if folder is not None and not config.exists() else settings_from(config)


def recogniser_beside(config: Path, folder: Path | None) -> Recogniser | None:
    """Who says who is named in a text, as configured; None for the packaged one, where a folder is named and the configuration cannot be read."""
    try:
        settings = settings_beside(config, folder)
    except BadConfiguration:
        if folder is None:
            raise
        return None
    return None if settings is None else Recogniser(settings)


def loaded_from(config: Path, folder: Path | None, *, show_progress: bool = False, settings: Settings | None = None) -> Loaded:
    """The folder named, or that of the configuration, whose receivers the rules may then name. With very many files it says how far it is.

    With `settings`, a folder that is named is held against their receivers too.
    """
    settings = settings or (settings_from(config) if folder is None else None)
    wanted = folder if folder is not None else settings.rules_folder if settings is not None else None
    receivers = None if settings is None else receivers_of(settings)
    recogniser = recogniser_beside(config, folder) if settings is None else Recogniser(settings)
    shipped = (settings or Settings()).built_in_rules
    assert wanted is not None
    if not show_progress or not err.is_terminal:
        return load_folder(wanted, receivers=receivers, recogniser=recogniser, built_in_rules=shipped)
    columns = (TextColumn("rules"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task("rules", total=None, visible=False)
        return load_folder(
            wanted,
            receivers=receivers,
            recogniser=recogniser,
            built_in_rules=shipped,
            progress=lambda done, of: bar.update(task, completed=done, total=of, visible=of >= SHOWN_FROM_FILES),
        )


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

"""`lagebild run`: one process, or all of them under one roof."""

from __future__ import annotations

import gc
import importlib
import threading
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline import broker, events, supervise
from pipeline.commands.terminal import DEFAULT_CONFIG, Config, err, errors_told, settings_from
from pipeline.errors import BadConfiguration
from pipeline.rules.apply import read_folder, watch
from pipeline.settings import Settings
from pipeline.stopping import stop_on_signals

# Each process's module with its `main(settings) -> exit code`. The collector is found by name, because pipeline knows nothing of connectors.
MODULES = {
    "collector": "connectors._collect.collector",
    "worker": "pipeline.worker",
    "indexer": "pipeline.indexer",
    "alerter": "pipeline.alerter",
    "console": "pipeline.console.serve",
}


class Process(StrEnum):
    COLLECTOR = "collector"
    WORKER = "worker"
    INDEXER = "indexer"
    ALERTER = "alerter"
    CONSOLE = "console"


def add_to(app: typer.Typer) -> None:
    app.command("run", help="Run one process, or all of them when none is named.")(run)


def run(
    process: Annotated[
        Process | None, typer.Argument(help="Which process; all of them, supervised, when left out.", show_default=False)
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    with errors_told():
        settings = settings_from(config)
        if process is None:
            raise typer.Exit(run_all(settings, config))
        events.configure(process)
        module = importlib.import_module(MODULES[process])
        raise typer.Exit(int(module.main(settings)))


def run_all(settings: Settings, config: Path) -> int:
    """Supervise every process and follow the rules folder until a signal comes; the exit code."""
    events.configure("run")
    loaded = read_folder(settings)
    if loaded.problems:
        raise BadConfiguration(list(loaded.problems))
    gc.freeze()  # otherwise every full collection walks through all rules, and the watcher has very many
    stop = stop_on_signals()
    broker.connect(settings.kafka, "lagebild run", stop=stop)
    for change in broker.apply_topics(settings):
        if change.change != "unchanged":
            err.print(f"topic {change.topic}: {change.change} ({change.detail})")
    commands = {name: supervise.command(name, config) for name in supervise.PROCESSES}
    err.print(f"Starting {', '.join(commands)}; Ctrl-C ends all of them.")
    if settings.console.port:
        err.print(f"Live page: http://{settings.console.host}:{settings.console.port}/")
    threading.Thread(target=watch, args=(settings, stop), kwargs={"loaded": loaded}, name="rules watcher", daemon=True).start()
    return supervise.Supervisor(commands).run(stop) or stop.exit_code

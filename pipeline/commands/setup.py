"""`lagebild check`, `topics apply` and `config schema`: what is done before the system runs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import typer
from rich.text import Text

from pipeline import broker, named_paths, topology
from pipeline.commands.refusals import errors_answered
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_BAD_CONFIGURATION,
    EXIT_FINDINGS,
    AsJson,
    Config,
    DryRun,
    counted,
    err,
    errors_told,
    out,
    print_json,
    said,
    settings_from,
    settings_with_kafka,
    summed_up,
    table,
)
from pipeline.enriching import Recogniser
from pipeline.errors import BadConfiguration, Problem
from pipeline.policies import completed
from pipeline.routing.check import remarks
from pipeline.rules.between_sources import doubts
from pipeline.rules.load import load_folder
from pipeline.settings import Settings, rules_folder_in, warnings

topics = typer.Typer(help="Kafka topics.", no_args_is_help=True)
config_commands = typer.Typer(help="The configuration file.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.command("check", help="Look at the configuration, the rules with their tests, and the flow, without any server.")(check)
    app.add_typer(topics, name="topics")
    app.add_typer(config_commands, name="config")


def check(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    with errors_told():
        problems: list[Problem] = []
        rules = 0
        settings = Settings()
        try:
            settings = settings_from(config)
        except BadConfiguration as error:
            problems += error.problems
        # What cannot be loaded has no sources to miss.
        cautions = [] if problems else warnings(settings)
        if (folder := rules_folder_in(config)) is not None:
            receivers = [each.name for each in settings.receivers]
            # Routes are held against the receivers only when those could be read.
            loaded = load_folder(folder, receivers=None if problems else receivers, recogniser=None if problems else Recogniser(settings))
            problems += loaded.problems
            if not problems:
                cautions += [str(each) for each in doubts(loaded.files, [each.id for each in settings.sources], datetime.now(UTC))]
                beat = settings.alerts.heartbeat
                told = [each for each in receivers if beat is None or each != beat.receiver]
                cautions += remarks(
                    completed(loaded.routing, settings), [each.rule.notify for each in loaded.rules], told, datetime.now(UTC)
                )
            rules = len(loaded.rules)
        problems += [Problem("pipeline/topology.py", 1, 1, each) for each in topology.problems()]
        # A file that is missing is found on loading as well.
        problems = sorted({*problems, *named_paths.problems(config)})
        if as_json:
            print_json(
                {
                    "problems": [asdict(each) for each in problems],
                    "warnings": cautions,
                    "rules": rules,
                    "sources": len(settings.sources),
                }
            )
        elif problems:
            for each in problems:
                err.print(Text(str(each)))
            err.print(f"{counted(len(problems), 'problem')}.")
        else:
            for warning in cautions:
                err.print(Text(f"warning: {warning}"))
            out.print(
                f"{config}: fine. {counted(len(settings.sources), 'source')}, {counted(rules, 'rule')}, {counted(len(settings.receivers), 'receiver')}."
            )
    if problems:
        raise typer.Exit(EXIT_BAD_CONFIGURATION)


@topics.command("apply", help="Create missing topics and set what differs; running it again changes nothing.")
def apply_topics(config: Config = DEFAULT_CONFIG, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    with errors_answered(as_json):
        changes = broker.apply_topics(settings_with_kafka(config, "lagebild topics apply"), dry_run=dry_run)
        if as_json:
            print_json([{**asdict(each), "dry_run": dry_run} for each in changes])
        else:
            out.print(
                table("Topics", ["topic", "change", "detail"], [(each.topic, said(each.change, dry_run), each.detail) for each in changes])
            )
            err.print(summed_up([each.change for each in changes], dry_run))
        if any(each.change == "partitions differ" for each in changes):
            raise typer.Exit(EXIT_FINDINGS)


@config_commands.command("schema", help="The JSON Schema of the configuration, for editors.")
def schema() -> None:
    print_json(Settings.model_json_schema())

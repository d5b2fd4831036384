"""`lagebild check`, `topics apply`, `index apply|rebuild|retention` and `config schema`: what is done before and beside the running system."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from pipeline import broker, named_paths, topology
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_BAD_CONFIGURATION,
    EXIT_FINDINGS,
    AsJson,
    Config,
    counted,
    err,
    errors_told,
    out,
    print_json,
    settings_from,
    settings_with_kafka,
    table,
)
from pipeline.errors import BadConfiguration, Problem
from pipeline.policies import completed
from pipeline.routing.check import remarks
from pipeline.rules.between_sources import doubts
from pipeline.rules.load import load_folder
from pipeline.settings import Settings, rules_folder_in, warnings

topics = typer.Typer(help="Kafka topics.", no_args_is_help=True)
index = typer.Typer(help="Elasticsearch templates and indices.", no_args_is_help=True)
config_commands = typer.Typer(help="The configuration file.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


def add_to(app: typer.Typer) -> None:
    app.command("check", help="Look at the configuration, the rules with their tests, and the flow, without any server.")(check)
    app.add_typer(topics, name="topics")
    app.add_typer(index, name="index")
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
            loaded = load_folder(folder, receivers=None if problems else receivers)
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
    with errors_told():
        changes = broker.apply_topics(settings_with_kafka(config, "lagebild topics apply"), dry_run=dry_run)
        if as_json:
            print_json([asdict(each) for each in changes])
        else:
            out.print(table("Topics", ["topic", "change", "detail"], [(each.topic, each.change, each.detail) for each in changes]))
        if any(each.change == "partitions differ" for each in changes):
            raise typer.Exit(EXIT_FINDINGS)


@index.command("apply", help="Apply the templates; running it again changes nothing.")
def apply_index(config: Config = DEFAULT_CONFIG, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    from pipeline.index.apply import apply

    with errors_told():
        changes = apply(settings_from(config), dry_run)
        if as_json:
            print_json([asdict(each) for each in changes])
            return
        out.print(table("Elasticsearch", ["name", "kind", "change"], [(each.name, each.kind, each.change) for each in changes]))
        for each in changes:
            if dry_run and each.diff:
                out.print(Text(each.diff))


@index.command("rebuild", help="Fill Elasticsearch from the topics: for an empty server, or after documents were lost.")
def rebuild_index(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    from pipeline.index.rebuild import rebuild

    with errors_told():
        settings = settings_from(config)
        with err.status("Reading the topics …") as status:
            counts = rebuild(settings, lambda so_far: status.update(f"Reading the topics … {_counted(so_far)}"))
        if as_json:
            print_json(asdict(counts))
        else:
            out.print(f"Rebuilt: {_counted(counts)}.")


@index.command("retention", help="Remove whole months that are older than elasticsearch.retention_days.")
def retention_index(config: Config = DEFAULT_CONFIG, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    from pipeline.index.retention import retention

    with errors_told():
        removed = retention(settings_from(config), datetime.now(UTC), dry_run)
        if as_json:
            print_json({"removed": removed, "dry_run": dry_run})
        else:
            out.print("\n".join(removed) or "Nothing is old enough to be removed.")


@config_commands.command("schema", help="The JSON Schema of the configuration, for editors.")
def schema() -> None:
    print_json(Settings.model_json_schema())


def _counted(counts: Any) -> str:
    return ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in asdict(counts).items() if isinstance(value, int))

"""`lagebild rules backtest`: what rules would have found and told, over the articles of the past."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from pipeline import events
from pipeline.backtest.ordering import Arrivals, arrivals
from pipeline.backtest.run import EARLIEST, LATEST, Progress, Tell, Wish, run
from pipeline.backtest.selecting import selected, warm_seconds
from pipeline.backtest.stored import Reading, from_files, from_topic
from pipeline.commands.backtest_shown import show
from pipeline.commands.rules_folder import Folder, loaded_from, rule_set, sound
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    EXIT_USAGE,
    AsJson,
    Config,
    err,
    errors_told,
    need_kafka,
    print_json,
    settings_from,
)
from pipeline.commands.times import instant, length
from pipeline.enriching import Recogniser
from pipeline.rules import built_in
from pipeline.rules.apply import published
from pipeline.rules.compiled import RuleSet
from pipeline.rules.load import load_folder
from pipeline.settings import Settings

CURRENT = "current"
_TELL_EVERY_RECORDS = 20_000

Rule = Annotated[
    list[str] | None, typer.Option("--rule", help="Only this rule (may be given several times); it counts as live.", show_default=False)
]
Since = Annotated[str, typer.Option(help="From when: 30d, 12h, a day or a time. With --from everything when left out.", show_default="30d")]
Until = Annotated[str, typer.Option(help="Up to when.", show_default="now")]
Against = Annotated[
    str, typer.Option(help="Compare with other rules: `current` (those that workers follow now) or a folder.", show_default=False)
]
From = Annotated[
    list[Path] | None, typer.Option("--from", help="Files with one enriched article (JSON) a line instead of Kafka.", show_default=False)
]
Warm = Annotated[
    str,
    typer.Option(
        "--warm-up", help="So long before, so that stories under way do not ring as new; 0s for none.", show_default="by the rules"
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of the sample: the same seed, the same sample.")]
Sample = Annotated[int, typer.Option(min=0, max=1_000, help="Matches of each rule to show.")]
Processes = Annotated[int, typer.Option(min=0, max=64, help="Processes that match; 0: as many as this machine has processors.")]


def add_to(rules: typer.Typer) -> None:
    rules.command("backtest", help="Run rules over past articles without telling anybody; exit code 1 when `expect` is violated.")(backtest)


def backtest(
    config: Config = DEFAULT_CONFIG,
    rule: Rule = None,
    since: Since = "",
    until: Until = "now",
    against: Against = "",
    folder: Folder = None,
    files: From = None,
    warm_up: Warm = "",
    seed: Seed = 1,
    sample: Sample = 10,
    processes: Processes = 0,
    as_json: AsJson = False,
) -> None:
    with errors_told(), events.only_warnings():
        settings = _settings(config, needed=not files or folder is None or against == CURRENT)
        now = datetime.now(UTC)
        tested = _narrowed(_of_news(rule_set(sound(loaded_from(config, folder)))), rule or [])
        compared = _narrowed_quietly(_of_news(_against(settings, against)), rule or []) if against else None
        begins = EARLIEST if files and not since else instant(since or "30d", now, settings.time_zone)
        every = [each.rule for rules in (tested, compared) if rules for each in rules.rules.values()]
        wish = Wish(
            settings=settings,
            rules=tested,
            against=compared,
            since=begins,
            until=LATEST if files and until == "now" else instant(until, now, settings.time_zone),
            warm_seconds=_warm(warm_up, warm_seconds(every)),
            seed=seed,
            sample=sample,
            processes=processes or os.cpu_count() or 1,
        )
        if wish.since >= wish.until:
            err.print("--since must lie before --until.")
            raise typer.Exit(EXIT_USAGE)
        with _reading(wish, files or []) as (reading, arrived), _progress() as tell:
            report = run(reading, wish, arrived, tell).report
        if as_json:
            print_json(report)
        else:
            show(report, settings.time_zone)
        if not report.is_fine:
            raise typer.Exit(EXIT_FINDINGS)


def _settings(config: Path, *, needed: bool) -> Settings:
    """The configured settings; without a file the plain ones where none are needed."""
    if not needed and config == DEFAULT_CONFIG and not config.exists():
        return Settings()
    return settings_from(config)


def _against(settings: Settings, against: str) -> RuleSet:
    """The rules to compare with. Raises BadConfiguration when the folder is broken."""
    if against != CURRENT:
        return rule_set(sound(load_folder(Path(against), recogniser=Recogniser(settings))))
    need_kafka(settings, "lagebild rules backtest", "or compare with a folder: --against FOLDER")
    return published(settings).current


def _of_news(rules: RuleSet) -> RuleSet:
    """The rules without those that came with Lagebild: canaries are in no archive, and their absence there means nothing."""
    return rules.changed([], [name for name, each in rules.rules.items() if built_in.MARK in each.rule.tags], rules.version)


def _narrowed(rules: RuleSet, wanted: list[str]) -> RuleSet:
    missing = [each for each in wanted if each not in rules.rules]
    if missing:
        err.print(Text(f"There is no rule {', '.join(missing)} here; `lagebild rules list` names those that are."))
        raise typer.Exit(EXIT_USAGE)
    return selected(rules, wanted)


def _narrowed_quietly(rules: RuleSet, wanted: list[str]) -> RuleSet:
    """A rule that is new has nothing to be compared with: all that it finds comes."""
    return selected(rules, wanted) if not wanted or any(each in rules.rules for each in wanted) else RuleSet(routing=rules.routing)


def _warm(given: str, by_the_rules: float) -> float:
    if not given:
        return by_the_rules
    return 0.0 if given.strip() in ("0", "0s") else length(given).total_seconds()


@contextmanager
def _reading(wish: Wish, files: list[Path]) -> Iterator[tuple[Reading, Arrivals]]:
    if files:
        yield from_files(files), Arrivals()
        return
    need_kafka(wish.settings, "lagebild rules backtest", "or test on the articles of a file: --from FILE")
    arrived = arrivals(wish.settings, wish.warm_since, datetime.now(UTC))
    with from_topic(wish.settings, wish.warm_since, wish.until) as reading:
        yield reading, arrived


@contextmanager
def _progress() -> Iterator[Tell]:
    """A bar on a terminal; elsewhere a line on stderr now and then, when it takes long."""
    if not err.is_terminal:
        yield _Lines()
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Bar(*columns, console=err, transient=True) as bar:
        tasks = {}

        def tell(progress: Progress) -> None:
            if progress.doing not in tasks:
                tasks[progress.doing] = bar.add_task(progress.doing, total=progress.expected or None)
            bar.update(tasks[progress.doing], completed=progress.done)

        yield tell


class _Lines:
    def __init__(self) -> None:
        self._told = 0

    def __call__(self, progress: Progress) -> None:
        if progress.done < self._told:
            self._told = 0
        if progress.done - self._told >= _TELL_EVERY_RECORDS:
            self._told = progress.done
            of = f" of {progress.expected:,}" if progress.expected else ""
            err.print(f"{progress.doing}: {progress.done:,}{of}")

"""`lagebild bench`: how fast it is, on this machine, with figures that can be repeated."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from pipeline import events, supervise
from pipeline.commands.terminal import EXIT_FINDINGS, EXIT_OK, AsJson, err, errors_told, out, print_json, table
from pipeline.errors import LagebildError, Unreachable
from pipeline.stopping import interrupt_on_sigterm

_CHECKOUT = Path(__file__).parents[2]
_README = _CHECKOUT / "README.md"
SCHEMA = "lagebild.bench/1"

Articles = Annotated[int, typer.Option(min=50, max=2_000_000, help="Articles in one round end to end.")]
Workers = Annotated[int, typer.Option(min=1, max=4, help="Worker processes.")]
Rounds = Annotated[int, typer.Option(min=1, max=50, help="Rounds; figures are medians.")]
Paced = Annotated[float, typer.Option(min=0, max=3_600, help="Seconds of even load at half the rate, for latency; 0 leaves it out.")]
Seed = Annotated[int, typer.Option(min=0, max=1_000_000, help="Seed of the generated articles.")]
Rules = Annotated[int, typer.Option(min=1, max=5_000, help="Alert rules, of which one matches.")]
RuleFiles = Annotated[int, typer.Option(min=0, max=200_000, help="Rule files whose changes are followed over Kafka; 0 leaves it out.")]
Feeds = Annotated[int, typer.Option(min=0, max=100_000, help="Feeds that one collector polls from a simulating server; 0 leaves it out.")]
FeedsSeconds = Annotated[float, typer.Option(min=10, max=7_200, help="How long they are watched after the first fetch of each.")]
InMemory = Annotated[bool, typer.Option("--in-memory", help="Only what needs no server.")]
NoCollector = Annotated[bool, typer.Option("--no-collector", help="Leave out the round through the collector.")]
Data = Annotated[Path | None, typer.Option("--data", help="Where the servers keep their data; a temporary folder when left out.")]
DataFolder = Annotated[Path, typer.Option(help="Folder with real articles, measured too where it is there.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write everything, all rounds too, to this file as JSON.")]
Readme = Annotated[bool, typer.Option("--readme", help="Write the table into README.md of this checkout.")]
Profile = Annotated[Path | None, typer.Option(help="Profile the workers into this file and their process ids; slows them down.")]


def add_to(app: typer.Typer) -> None:
    app.command("bench", help="Measure it on this machine: stages in memory, the whole way over embedded servers, latency, memory.")(bench)


def bench(
    articles: Articles = 20_000,
    workers: Workers = 1,
    rounds: Rounds = 3,
    paced_seconds: Paced = 30.0,
    seed: Seed = 1,
    rules: Rules = 100,
    rule_files: RuleFiles = 10_000,
    feeds: Feeds = 0,
    feeds_seconds: FeedsSeconds = 640.0,
    in_memory: InMemory = False,
    no_collector: NoCollector = False,
    data: Data = None,
    data_folder: DataFolder = _CHECKOUT.parent / "shared" / "data",
    output: Output = None,
    readme: Readme = False,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    # Before numpy is loaded: threads of linear algebra slow small work down and would take the other processes' core.
    os.environ.update(supervise.ONE_THREAD)
    from pipeline.bench.end_to_end import Plan

    with errors_told():
        events.configure("bench", level="warning")
        plan = Plan(articles, rounds, workers, paced_seconds, seed, not no_collector)
        polled = (feeds, feeds_seconds)
        figures = _measured(plan, rules, rule_files, polled, data, data_folder, profile, with_servers=not in_memory)
        if output:
            output.write_text(json.dumps(figures, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
        if readme:
            _write_readme(figures)
        if as_json:
            print_json(figures)
        else:
            _show(figures)
    raise typer.Exit(EXIT_FINDINGS if any(each["verdict"] == "not reached" for each in figures["targets"]) else EXIT_OK)


def _measured(
    plan: Any,
    rules: int,
    rule_files: int,
    polled: tuple[int, float],
    data: Path | None,
    data_folder: Path,
    profile: Path | None,
    *,
    with_servers: bool,
) -> dict[str, Any]:
    from dataclasses import asdict

    from pipeline.bench import in_memory, targets
    from pipeline.bench.machine import machine
    from pipeline.bench.system import compiled
    from pipeline.settings import Settings

    figures: dict[str, Any] = {
        "schema": SCHEMA,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "parameters": {
            **asdict(plan),
            "rules": rules,
            "rule_files": rule_files,
            "feeds": polled[0],
            "data_folder": str(data_folder),
            "data_folder_present": data_folder.is_dir(),
            "profiled": profile is not None,
        },
    }
    if not data_folder.is_dir():
        err.print(Text(f"There is no {data_folder}: measuring on generated articles only."))
    figures["in_memory"] = in_memory.measure(plan.articles, plan.seed, data_folder, Settings(), compiled(rules), plan.rounds, tell)
    if with_servers:
        figures |= _with_servers(plan, rules, rule_files, polled, data, profile)
    figures["targets"] = [
        {"what": each.what, "wanted": each.wanted, "found": each.found, "unit": each.unit, "verdict": each.verdict}
        for each in targets.targets(figures)
    ]
    return figures


def _with_servers(
    plan: Any, rules: int, rule_files: int, polled: tuple[int, float], data: Path | None, profile: Path | None
) -> dict[str, Any]:
    from pipeline.bench import end_to_end, following, polling
    from pipeline.bench.system import prepare
    from pipeline.worker import PROFILE

    with _data_folder(data) as folder, _servers(folder) as servers:
        pids = {"kafka": servers.kafka.pid, "elasticsearch": servers.elasticsearch.pid}
        # Articles of an earlier run on the same data would all be repeats: each run has topics of its own.
        prefix = f"bench-{datetime.now(UTC):%Y%m%d%H%M%S}-"
        system = prepare(folder / prefix.rstrip("-"), servers.addresses, prefix=prefix, rules=rules, server_pids=pids)
        if profile:
            system.environment = {PROFILE: str(profile.absolute())}
        found: dict[str, Any] = {"end_to_end": end_to_end.measure(system, plan, tell)}
        if rule_files:
            tell(f"rules: {rule_files:,} files, changed one at a time")
            settings = following.settings_for(folder / f"{prefix}following", servers.addresses, f"{prefix}following-")
            found["following"] = following.measure_following(settings, rule_files, plan.seed)
        if polled[0]:
            found["polling"] = polling.measure_polling(folder / f"{prefix}feeds", servers.addresses, f"{prefix}feeds-", *polled, tell)
        return found


@contextlib.contextmanager
def _data_folder(wanted: Path | None) -> Iterator[Path]:
    """The folder, or a temporary one that the servers' user may enter and that is removed afterwards."""
    if wanted:
        yield wanted
        return
    folder = Path(tempfile.mkdtemp(prefix="lagebild-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _servers(folder: Path) -> Iterator[Any]:
    """Both servers over the folder; ended on leaving, also by SIGTERM."""
    from pipeline.embedded.folder import DataFolder as Folder
    from pipeline.embedded.folder import InUse, default_path
    from pipeline.embedded.java import NoJava
    from pipeline.embedded.packages import DownloadFailed
    from pipeline.embedded.server import StartFailed
    from pipeline.embedded.servers import Servers

    interrupt_on_sigterm()
    servers = Servers(folder, packages_folder=Folder.at(default_path()).packages)
    try:
        tell("starting Kafka and Elasticsearch")
        servers.start()
    except (StartFailed, InUse, NoJava, DownloadFailed) as error:
        raise Unreachable(str(error)) from error
    try:
        yield servers
    finally:
        servers.stop()


def _write_readme(figures: dict[str, Any]) -> None:
    from pipeline.bench import report

    try:
        text = report.with_block(_README.read_text(encoding="utf-8"), report.markdown(figures))
    except (OSError, report.NoPlace) as error:
        raise LagebildError(f"{_README} is left as it is: {error}") from error
    _README.write_text(text, encoding="utf-8")
    tell(f"written into {_README}")


def _show(figures: dict[str, Any]) -> None:
    from pipeline.bench import report, targets

    out.print(Text(report.conditions(figures)))
    out.print(table("Targets", ["what", "target", "found", ""], [each.shown for each in targets.targets(figures)], right=[1, 2]))
    out.print(table("Measured", ["what", "found"], report.rows(figures)))


def tell(text: str) -> None:
    err.print(Text.assemble((f"{datetime.now().astimezone():%H:%M:%S} ", "dim"), text))

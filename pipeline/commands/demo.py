"""`lagebild demo`: everything at once, on this machine, with sample feeds."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from pipeline import events
from pipeline.commands.terminal import (
    EXIT_FINDINGS,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_UNREACHABLE,
    AsJson,
    err,
    errors_told,
    out,
    print_json,
    printable,
    table,
)
from pipeline.demo import show
from pipeline.demo.tally import Tally
from pipeline.demo.verdict import Row
from pipeline.embedded import packages
from pipeline.embedded.folder import DataFolder, InUse, default_path
from pipeline.embedded.java import NoJava
from pipeline.embedded.keep import keeping
from pipeline.embedded.packages import DownloadFailed, Plan, Step
from pipeline.embedded.server import StartFailed
from pipeline.embedded.servers import Addresses, Servers
from pipeline.errors import Unreachable
from pipeline.stopping import interrupt_on_sigterm, stop_on_signals

Once = Annotated[bool, typer.Option("--once", help="Process all samples to the end, check the result, and leave.")]
Data = Annotated[
    Path | None, typer.Option("--data", help="Where everything is kept.", envvar="LAGEBILD_HOME", show_default="the user's data folder")
]
Speed = Annotated[float, typer.Option(min=0.1, max=100, help="How fast the samples appear.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port of the live page; another one is taken when it is in use.")]

TELL_EVERY_SECONDS = 5.0


def add_to(app: typer.Typer) -> None:
    app.command("demo", help="A real Kafka, a real Elasticsearch and sample feeds, all on this machine: watch an alert fire.")(demo)


def demo(once: Once = False, data: Data = None, speed: Speed = 1.0, port: Port = 8080, as_json: AsJson = False) -> None:
    with errors_told():
        folder = DataFolder.at(data or default_path())
        announce(packages.plan(folder.packages), folder.path)
        # The screen is for sentences; what libraries have to say about a server that is away goes to a file.
        events.configure("demo", level="warning", file=folder.path / "logs" / "demo.log")
        with Shown() as shown:
            servers = Servers(folder.path, shown.step)
            addresses = _started(servers)
        stop = stop_on_signals()
        try:
            with keeping((servers.kafka, servers.elasticsearch), tell, stop) as keepers:
                code = run(folder.path, addresses, stop, once=once, speed=speed, port=port, as_json=as_json) or stop.exit_code
            if any(each.given_up for each in keepers):
                code = EXIT_UNREACHABLE
        finally:
            err.print("Ending everything in order …")
            servers.stop()
            err.print("Ended. The data stay; the next start finds them.")
    raise typer.Exit(code)


def _started(servers: Servers) -> Addresses:
    """The addresses once both answer. Until then a signal ends the start, and what runs already, at once."""
    interrupt_on_sigterm()
    try:
        return servers.start()
    except (StartFailed, InUse, NoJava, OSError) as error:
        raise Unreachable(str(error)) from error
    except DownloadFailed as error:
        raise Unreachable(f"{error}. Try again when the network is there; what is complete is not downloaded again") from error


def run(folder: Path, addresses: Addresses, stop: threading.Event, *, once: bool, speed: float, port: int, as_json: bool) -> int:
    """Run the demonstration until `stop` is set, or, with `once`, to its end; the exit code."""
    prepared = show.prepare(folder, addresses, tell, once=once, speed=speed, port=port)
    with show.running(prepared, folder / "logs", tell) as follower:
        err.print(Text.assemble("Live page: ", (prepared.page, "bold underline"), "   Ctrl-C ends everything."))
        err.print(Text(f"Configuration, written anew at every start: {prepared.config}   logs: {folder / 'logs'}"))
        if once:
            rows = show.process_once(prepared, follower.tally, stop, tell)
            return EXIT_INTERRUPTED if stop.is_set() else _judged(rows, as_json)
        threading.Thread(target=show.keep_filling, args=(prepared, stop), name="watched folder", daemon=True).start()
        _narrate(follower.tally, stop)
        return EXIT_OK


def _judged(rows: list[Row], as_json: bool) -> int:
    holds = all(row.holds for row in rows)
    if as_json:
        print_json({"ok": holds, "rows": [{**asdict(row), "holds": row.holds} for row in rows]})
    else:
        cells = [(row.what, _expected(row), row.found, "counted aside" if row.aside else "ok" if row.holds else "WRONG") for row in rows]
        out.print(table("Summary", ["what", "expected", "found", ""], cells, right=[1, 2]))
        out.print(
            "Everything is as the samples declare." if holds else "Something is not as the samples declare: see the rows marked WRONG."
        )
    return EXIT_OK if holds else EXIT_FINDINGS


def _expected(row: Row) -> str:
    return "" if row.aside else f"{'≥ ' if row.at_least else ''}{row.expected}"


def _narrate(tally: Tally, stop: threading.Event) -> None:
    """Say what is happening: the counts when they change, every alert at once."""
    started_at = datetime.now(UTC).isoformat()
    told: set[str] = set()
    last, last_at = "", 0.0
    while not stop.wait(0.5):
        for each in list(tally.notifications.values()):
            if each.get("state") == "sent" and each["receiver"] == "console" and each["id"] not in told:
                told.add(each["id"])
                # Those of earlier runs are counted, and never shown as if they rang now.
                if each.get("sent_at", "") > started_at.replace("+00:00", "Z"):
                    err.print(_ring(each))
        if tally.line() != last and time.monotonic() - last_at > TELL_EVERY_SECONDS:
            last, last_at = tally.line(), time.monotonic()
            tell(last)


def _ring(notification: dict[str, object]) -> Text:
    """One alert in one line, the matched word marked."""
    message = notification["message"]
    assert isinstance(message, dict)
    line = Text("ALERT ", style="bold red")
    line.append(f"{message.get('severity', '')} ", style="bold")
    if message.get("old"):
        line.append(f"(old, published {str((message.get('dates') or {}).get('published_at') or '')[:10]}) ", style="bold yellow")
    line.append(printable(f"{message.get('headline', '')} — "), style="not bold default")
    snippet = message.get("snippet") or {}
    text, at = str(snippet.get("text", "")), 0
    for mark in snippet.get("marks", []):
        line.append(printable(text[at : mark["start"]]).replace("\n", " "), style="not bold default")
        line.append(f"»{printable(text[mark['start'] : mark['end']])}«", style="bold reverse default")
        at = mark["end"]
    line.append(printable(text[at:]).replace("\n", " "), style="not bold default")
    return line


def tell(text: str) -> None:
    err.print(Text.assemble((time.strftime("%H:%M:%S "), "dim"), printable(text)))


def announce(plan: Plan, folder: Path) -> None:
    """Say, before anything happens, what will be downloaded, what it takes, under which licences, and how to remove it."""
    rows = [
        (
            f"{each.name} {each.version}",
            each.purpose,
            each.licence,
            f"{each.size_bytes / 1e6:.0f} MB" if each in plan.missing else "here already",
            f"{each.memory_bytes / 1e6:.0f} MB",
        )
        for each in plan.packages
    ]
    err.print(table("The servers", ["server", "for", "licence", "download", "memory"], rows, right=[3, 4]))
    if plan.missing:
        err.print(f"To be downloaded: {plan.download_bytes / 1e6:.0f} MB. The servers are programs of their own, under their own licences.")
    err.print(Text(f"Everything is kept in {folder}. To remove it all: {plan.removal}, and .venv in the checkout."))


class Shown:
    """Shows downloads as bars and other steps as lines."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._bars = Progress(*columns, console=err, transient=True)
        self._tasks: dict[str, object] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Shown:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def step(self, step: Step) -> None:
        with self._lock:
            if not step.total_bytes:
                if step.what not in self._tasks:
                    self._tasks[step.what] = None
                    self._bars.console.print(Text(step.what))
                return
            if step.what not in self._tasks:
                self._tasks[step.what] = self._bars.add_task(step.what, total=step.total_bytes)
                if not err.is_terminal:
                    err.print(f"{step.what} ({step.total_bytes / 1e6:.0f} MB)")
            self._bars.update(self._tasks[step.what], completed=step.done_bytes)  # type: ignore[arg-type]

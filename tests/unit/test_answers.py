"""What commands print: JSON without Python in it, on stdout without log lines, reasons that name things once."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
import typer
from typer.main import get_command
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.commands import terminal
from pipeline.outcome import Rejected, Rejection, rejected_from
from pipeline.rejected import RejectedRecord, not_replayable
from pipeline.settings import Settings
from pipeline.stopping import stop_on_signals
from pipeline.trace import Step, _asked, is_called
from tests.builders import NOON, article

PYTHON = re.compile(r"\b[A-Z]\w+\(\w+=|datetime|<\w+[ .]|\+00:00|\b(?:None|True|False)\b")
RULE = """\
schema: news-alerts/v1
kind: rule
id: raketentest
title: Raketentest
match: {any: [Raketentest]}
notify: {route: [desk]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "raketentest.yaml").write_text(RULE, encoding="utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("Raketentest in Nordkorea\n2026-11-20\nEin Raketentest.\n", encoding="utf-8")
    (tmp_path / "in" / "b.ndjson").write_text(
        '{"guid": "1", "title": "Eins", "body": "Ein Text.", "published_at": [1, 2]}\n{torn\n' + "[" * 5_000 + "\n", encoding="utf-8"
    )
    (tmp_path / "lagebild.yaml").write_text(
        "rules: rules\nsources: [{id: inbox, connector: directory, options: {path: in}}]\n"
        "receivers: [{name: desk, notifier: console}]\nenrichers: []\n",
        encoding="utf-8",
    )
    return tmp_path


def call(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--json", "--config", str(folder / "lagebild.yaml")])


def read(result: Result) -> list[Any]:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    "arguments",
    [("try", "IN"), ("check",), ("rules", "list"), ("rules", "check"), ("rules", "try", "Ein Raketentest"), ("feeds", "list"), ("feeds", "test", "inbox")],
)  # fmt: skip
def test_json_has_no_python_in_it(folder: Path, arguments: tuple[str, ...]) -> None:
    found = read(call(folder, *(str(folder / "in") if each == "IN" else each for each in arguments)))
    assert found
    for text in texts(found):
        assert not PYTHON.search(text), text


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(each)


def test_instants_are_iso_8601_with_z(folder: Path) -> None:
    (document,) = [each["document"] for each in read(call(folder, "try", str(folder / "in" / "a.txt")))]
    assert document["news"]["source"]["id"] == "files"
    assert document["event"]["created"].endswith("Z")


def test_a_trace_in_json_has_instants_and_no_python(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_json([Step(NOON, "collect", "passed on", "articles.collected", 0, 1)])
    (step,) = json.loads(capsys.readouterr().out)
    assert (step["at"], step["facts"]) == ("2026-11-20T12:00:00Z", {})


def test_what_has_no_place_in_json_is_refused_and_not_described() -> None:
    with pytest.raises(TypeError, match="no place in JSON"):
        terminal.print_json({"a": object()})


def test_log_lines_of_a_command_never_reach_stdout(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def retention(_settings: Settings, _now: datetime, _dry_run: bool) -> list[str]:
        structlog.get_logger().info("deleted a month")
        return []

    monkeypatch.setattr("pipeline.index.retention.retention", retention)
    structlog.reset_defaults()
    try:
        result = call(folder, "index", "retention")
    finally:
        structlog.reset_defaults()
    assert read(result) == [{"removed": [], "dry_run": False}]
    assert "deleted a month" in result.stderr


@pytest.mark.parametrize("arguments", [("index", "apply"), ("index", "retention"), ("topics", "apply")])
def test_a_server_that_is_away_is_told_to_scripts_and_to_people_with_what_to_do(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "lagebild.yaml").write_text(
        "enrichers: []\nkafka: {servers: ['127.0.0.1:1']}\nelasticsearch: {url: 'http://127.0.0.1:1'}\n", encoding="utf-8"
    )
    result = call(tmp_path, *arguments)
    assert result.exit_code == 4
    (told,) = read(result)
    for said in (told["error"], result.stderr):
        assert "does not answer at" in said and "tart " in said and "in the configuration" in said and "Errno" not in said


def test_a_problem_of_a_rule_is_an_object_with_its_place(folder: Path) -> None:
    (folder / "rules" / "raketentest.yaml").write_text(RULE.replace("title", "titel"), encoding="utf-8")
    result = call(folder, "rules", "check")
    assert result.exit_code == 3
    (found,) = read(result)
    assert all(set(each) == {"file", "line", "column", "message"} for each in found["problems"]) and found["problems"]


def test_every_command_but_run_takes_json() -> None:
    without = []
    context = typer.Context(get_command(app))

    def walk(command: Any, name: str) -> None:
        names = command.list_commands(context) if hasattr(command, "commands") else []
        for each in names:
            walk(command.get_command(context, each), f"{name} {each}".strip())
        if not names and "--json" not in {option for each in command.params for option in each.opts}:
            without.append(name)

    walk(get_command(app), "")
    assert sorted(without) == ["config schema", "run"]


def test_reasons_name_the_file_once_and_depth_in_words(folder: Path) -> None:
    result = CliRunner().invoke(app, ["try", str(folder / "in"), "--config", str(folder / "lagebild.yaml")])
    lines = [line for line in result.stdout.splitlines() if line.startswith("rejected")]
    assert [line.count("b.ndjson:") for line in lines] == [1, 1]
    assert "nested deeper than" in lines[1] and "recursion" not in lines[1]


def test_a_date_that_is_no_text_is_flagged_and_a_missing_one_is_not_quoted(folder: Path) -> None:
    passed = [each["document"]["news"] for each in read(call(folder, "try", str(folder / "in" / "b.ndjson"))) if each["exit"] == "passed"]
    assert "unreadable_date" in passed[0]["flags"]
    (folder / "in" / "c.txt").write_text("Ein Titel\nEin Text ohne Datum, der lang genug ist.\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["try", str(folder / "in" / "c.txt"), "--config", str(folder / "lagebild.yaml")])
    assert "no date" in result.stdout and "''" not in result.stdout


def rejected(subject: str = "", **changes: Any) -> Rejected:
    plain: dict[str, Any] = {
        "stage": "collect",
        "reason": Rejection.UNREADABLE,
        "detail": "no JSON",
        "source_id": "inbox",
        "article_id": "x",
    }
    return Rejected(**(plain | {"topic": "articles.collected", "partition": -1, "offset": -1, "at": datetime.now(UTC), "subject": subject} | changes))  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "subject", "value"),
    [
        ("big.txt", "big.txt", b""),
        ("file:pdf.txt", "pdf.txt", b""),
        ("IN/sub/big.txt", "sub/big.txt", b""),
        ("torn.ndjson", "torn.ndjson:7", b""),
        ("many.json", "many.json#2", b""),
        ("https://a.example/x?b=1", "a.json", b'{"url": "https://a.example/x?b=1", broken'),
        ("tag:a.example,2026:1", "https://a.example/feed", b"<guid> tag:a.example,2026:1</guid>"),
    ],
)
def test_what_was_rejected_is_found_by_the_names_a_person_has(folder: Path, wanted: str, subject: str, value: bytes) -> None:
    from pipeline.settings import load

    asked = _asked(load(folder / "lagebild.yaml"), wanted.replace("IN", str(folder / "in")))
    assert is_called(rejected(subject), value, asked)
    assert not is_called(rejected("other.txt"), b'{"title": "other"}', asked)


def test_the_subject_travels_in_the_headers() -> None:
    about = rejected("größe.txt")
    assert rejected_from(about.headers()) == about


def test_what_no_stage_can_read_is_not_replayable_and_an_article_is() -> None:
    from pipeline.article import encode

    broken = RejectedRecord(0, rejected("https://a.example/feed"), b"<html>no feed")
    assert "mend the source" in not_replayable(broken)
    assert not_replayable(RejectedRecord(1, rejected("a.json"), encode(article()))) == ""
    collected = RejectedRecord(2, rejected(stage="identify", partition=0, offset=5), b"{broken")
    assert not_replayable(collected) == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_control_c_is_an_interruption_and_sigterm_is_an_end(number: signal.Signals, code: int) -> None:
    kept = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        stop = stop_on_signals()
        signal.raise_signal(number)
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)
    assert stop.is_set() and stop.exit_code == code


def test_check_names_a_receiver_that_a_rule_asks_for_and_nobody_is(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "lagebild.yaml").write_text("rules: rules\nreceivers: [{name: desk, notifier: console}]\n")
    rule = "schema: news-alerts/v1\nkind: rule\nid: streik\ntitle: Streik\nmatch: {any: [Streik]}\nnotify: {route: [desc]}\n"
    (tmp_path / "rules" / "streik.yaml").write_text(rule)
    result = CliRunner().invoke(app, ["check", "--config", str(tmp_path / "lagebild.yaml")])
    assert result.exit_code == 3
    assert "streik.yaml:6:18" in result.output and "'desc'" in result.output and "Did you mean 'desk'?" in result.output

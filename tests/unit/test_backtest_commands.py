"""`lagebild rules backtest` over files, and `lagebild rules explain`: what they print, and their exit codes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from rich.text import Text
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.commands.backtest_shown import marked
from pipeline.matched import Mark
from tests.builders import NOON
from tests.past import report, rule_set, written

TEXTS = ("Ein Raketentest am Morgen.", "Eine Modellrakete.", "Nichts davon.", "Weitere Raketentests und eine Rakete.")
RULE = """\
schema: news-alerts/v1
kind: rule
id: {id}
title: Versuche
severity: high
match:
  any: [{word}]
  none: [Modellrakete]
notify: {{route: [desk]}}
expect: {{matches_per_day: {{min: 0, max: {most}}}}}
tests:
  - {{text: "Ein {word}.", match: true}}
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with `past.jsonl`, one day of articles, the rules in `rules` and, wider, in `wide`."""
    made = written(((NOON + timedelta(minutes=30 * n), report(n, TEXTS[n % 4], story=f"s{n}")) for n in range(49)), rule_set())
    (tmp_path / "past.jsonl").write_bytes(b"\n".join(each.value for each in made.stored))
    for folder, word in (("rules", "Raketentest"), ("wide", "Rakete")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tests.yaml").write_text(RULE.format(id="tests", word=word, most=100), encoding="utf-8")
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["rules", *(str(each) for each in arguments)])


def test_a_back_test_over_a_file_needs_no_server_and_no_configuration(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files)
    done = run("backtest", "--from", files / "past.jsonl", "--rules", files / "rules", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    (figures,) = found["rules"]
    assert (found["articles"], found["days"], found["tests"], found["failing"]) == (49, 1.0, 1, [])
    assert (figures["matches"], figures["episodes"], figures["messages"], figures["matches_a_day"]) == (25, 25, 25, 25.0)
    assert {each["surface"] for each in figures["surfaces"]} == {"Raketentest", "Raketentests"}


def test_people_read_words_samples_and_what_would_change(files: Path) -> None:
    done = run("backtest", "--from", files / "past.jsonl", "--rules", files / "wide", "--against", files / "rules", "--sample", "3")
    assert done.exit_code == 0, done.output
    assert "49 articles from 2026-11-20 13:00:00" in done.stdout
    assert "Against the other rules" in done.stdout
    assert "Rakete (" in done.stdout
    assert "1 of 1 tests of the rules pass" in done.stdout


def test_too_many_matches_a_day_are_a_finding(files: Path) -> None:
    path = files / "rules" / "tests.yaml"
    path.write_text(RULE.format(id="tests", word="Raketentest", most=3), encoding="utf-8")
    done = run("backtest", "--from", files / "past.jsonl", "--rules", files / "rules")
    assert done.exit_code == 1
    assert "not as expected: tests finds 25 matches a day and expects at most 3" in done.stderr


def test_a_broken_rule_a_missing_rule_and_a_file_without_articles_are_told(files: Path) -> None:
    assert run("backtest", "--from", files / "past.jsonl", "--rules", files / "rules", "--rule", "other").exit_code == 2
    (files / "none.jsonl").write_text("{}\n{}\n", encoding="utf-8")
    done = run("backtest", "--from", files / "none.jsonl", "--rules", files / "rules")
    assert done.exit_code == 1
    assert "none of the 2 records is an enriched article" in done.stderr and "none.jsonl:1" in done.stderr
    (files / "rules" / "tests.yaml").write_text("kind: rule\nid: [", encoding="utf-8")
    assert run("backtest", "--from", files / "past.jsonl", "--rules", files / "rules").exit_code == 3


def test_explain_shows_the_forms_the_hits_and_what_refused_the_rest(files: Path) -> None:
    alone = run("explain", "tests", "--rules", files / "rules")
    assert alone.exit_code == 0, alone.output
    assert "Raketentests" in alone.stdout and "It matches" not in alone.stdout
    hit = run("explain", "tests", "Weitere Raketentests.", "--rules", files / "rules")
    assert "It matches:" in hit.stdout and "[Raketentest, inflected, any[0], body 8-20]" in hit.stdout
    near = run("explain", "tests", "Das Raketentestgelände.", "--rules", files / "rules")
    assert near.exit_code == 0
    assert "It does not match" in near.stdout and "does not count" in near.stdout


def test_explain_reads_a_file_or_standard_input_and_gives_json(files: Path) -> None:
    (files / "text.txt").write_text("Weitere Raketentests.", encoding="utf-8")
    from_file = run("explain", "tests", "--file", files / "text.txt", "--rules", files / "rules", "--json")
    piped = CliRunner().invoke(
        app, ["rules", "explain", "tests", "-", "--rules", str(files / "rules"), "--json"], input="Weitere Raketentests."
    )
    assert json.loads(from_file.stdout) == json.loads(piped.stdout)
    found = json.loads(piped.stdout)
    assert found["matched"] and [each["surface"] for each in found["hits"]] == ["Raketentests"]
    assert run("explain", "test", "--rules", files / "rules").exit_code == 2


def test_marks_are_shown_and_nothing_from_outside_moves_the_cursor() -> None:
    marks = (Mark(start=4, end=7, surface="b", term="b", mode="exact"), Mark(start=5, end=9, surface="x", term="x", mode="exact"))
    shown = marked("a \x1b[31mb c", (marks[0], Mark(start=50, end=60, surface="", term="", mode="")))
    assert isinstance(shown, Text) and "\x1b" not in shown.plain
    assert [(each.start, each.end) for each in shown.spans] == [(4, 7)]
    assert [(each.start, each.end) for each in marked("0123456789", marks).spans] == [(4, 7)]

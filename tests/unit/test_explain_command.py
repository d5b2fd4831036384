"""What `lagebild rules explain` prints about a word that does not count."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app

RULE = """\
schema: news-alerts/v1
kind: rule
id: krieg
title: Krieg
match: {langs: [de], any: [Krieg]}
tests:
  - {text: "Der Krieg endet.", match: true}
  - {text: "Der Frieden kommt.", match: false}
"""


@pytest.mark.parametrize(
    ("text", "first", "advice"),
    [
        ("Es kam nach dem Kriegsende der lange Frieden.", "  Kriegsende: ", "compound: [head, modifier]"),
        ("Und sie kriegen heute nichts davon.", "  kriegen: ", "small letter"),
    ],
)
def test_a_refused_word_stands_first_then_why_then_its_text(tmp_path: Path, text: str, first: str, advice: str) -> None:
    (tmp_path / "krieg.yml").write_text(RULE, encoding="utf-8")
    result = CliRunner().invoke(app, ["rules", "explain", "krieg", text, "--rules", str(tmp_path)])
    assert result.exit_code == 0, result.output
    _, told = result.stdout.split("What comes near it and does not count:\n")
    assert told.startswith(first)
    flat = " ".join(told.split())
    assert advice in flat and flat.endswith(text)
    assert "modifier: true" not in flat


QUAKES = """\
schema: news-alerts/v1
kind: rule
id: quakes
title: Quakes
match: {any: [{set: earthquake}]}
tests:
  - {text: "Strong earthquakes in Japan", match: true}
  - {text: "Сильное землетрясение в Японии", match: true}
  - {text: "Alles bleibt ruhig.", match: %s}
"""


def test_a_text_is_judged_in_any_language_where_neither_it_nor_the_rule_names_one(tmp_path: Path) -> None:
    (tmp_path / "quakes.yml").write_text(QUAKES % "false", encoding="utf-8")
    checked = CliRunner().invoke(app, ["rules", "check", "--rules", str(tmp_path)])
    assert checked.exit_code == 0, checked.output
    told = CliRunner().invoke(app, ["rules", "explain", "quakes", "Strong earthquakes in Japan", "--rules", str(tmp_path)])
    assert told.exit_code == 0 and "It matches:" in told.stdout, told.output


def test_a_rule_whose_tests_fail_is_explained_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "quakes.yml").write_text(QUAKES % "true", encoding="utf-8")
    (tmp_path / "krieg.yml").write_text(RULE, encoding="utf-8")
    for rule, text in (("quakes", "Alles bleibt ruhig."), ("krieg", "Es regnet.")):
        told = CliRunner().invoke(app, ["rules", "explain", rule, text, "--rules", str(tmp_path)])
        assert told.exit_code == 0 and "It does not match" in told.stdout, told.output
        assert "1 problem in this folder" in told.stderr

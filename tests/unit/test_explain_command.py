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

"""`lagebild alerts render`: exactly what a channel would get, and nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app

RULE = """
schema: news-alerts/v1
kind: rule
id: raketentest
title: Raketentests
status: {status}
severity: high
match: {{any: [Raketentest]}}
tests:
  - {{text: "Protest gegen Raketen", match: false}}
  - {{text: "Nordkorea meldet einen Raketentest.", match: true}}
"""
CONFIG = """
rules: rules
enrichers: []
receivers:
  - name: ops-chat
    notifier: slack
    options: {url: "${env:SLACK_URL}"}
  - name: hook
    notifier: webhook
    options: {url: "https://hooks.example.org/x", max_bytes: 5000}
"""


@pytest.fixture
def render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("SLACK_URL", "https://hooks.example.org/s3cr3t")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "raketentest.yaml").write_text(RULE.format(status="test"), encoding="utf-8")
    (tmp_path / "lagebild.yaml").write_text(CONFIG, encoding="utf-8")
    return lambda *arguments: CliRunner().invoke(app, ["alerts", "render", *arguments, "--config", str(tmp_path / "lagebild.yaml")])


def test_a_configured_receiver_shows_what_it_would_send_of_the_rules_own_test(render: Callable[..., Result]) -> None:
    shown = render("raketentest", "--channel", "ops-chat")
    assert shown.exit_code == 0, shown.output
    sent = json.loads(shown.stdout)
    assert "Raketentest" in json.dumps(sent)
    assert "s3cr3t" not in shown.output and "env:" not in shown.output


def test_a_text_of_ones_own_is_rendered_with_the_marked_word(render: Callable[..., Result]) -> None:
    shown = render("raketentest", "--channel", "hook", "--title", "Eilmeldung", "--text", "Südkorea beobachtet einen Raketentest.")
    sent = json.loads(shown.stdout)
    assert sent["data"]["headline"] == "Eilmeldung"
    (mark,) = sent["data"]["snippet"]["marks"]
    text = sent["data"]["snippet"]["text"]
    assert text[mark["start"] : mark["end"]] == mark["surface"] == "Raketentest"
    assert (sent["data"]["kind"], sent["data"]["rule_id"]) == ("first", "raketentest")


@pytest.mark.parametrize("kind", ["slack", "teams", "email", "telegram", "ntfy", "console", "file", "atom", "mattermost", "matrix"])
def test_a_kind_of_channel_that_nobody_configured_is_shown_by_its_example(render: Callable[..., Result], kind: str) -> None:
    shown = render("raketentest", "--channel", kind)
    assert shown.exit_code == 0, shown.output
    assert "Raketentest" in shown.stdout


def test_what_does_not_match_or_is_not_there_is_said_with_exit_code_1(render: Callable[..., Result]) -> None:
    nothing = render("raketentest", "--channel", "slack", "--text", "Protest gegen Raketen")
    assert nothing.exit_code == 1 and "does not match this text" in nothing.stderr
    unknown = render("raketentset", "--channel", "slack")
    assert unknown.exit_code == 2
    assert "there is no rule 'raketentset'" in unknown.stderr and "Did you mean 'raketentest'?" in unknown.stderr
    assert "there is no plug-in 'pigeon' among the notifiers" in render("raketentest", "--channel", "pigeon").stderr


def test_the_payload_is_json_for_programs(render: Callable[..., Result]) -> None:
    found = json.loads(render("raketentest", "--channel", "hook", "--json").stdout)
    assert found["channel"] == "hook" and json.loads(found["payload"])["data"]["severity"] == "high"

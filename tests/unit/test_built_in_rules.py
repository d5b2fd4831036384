"""The rules that come with Lagebild: live without a file, replaced by one of their name, left out by the configuration, and known as what they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.console.desk import Active, Desk
from pipeline.console.rules_view import rule_views
from pipeline.rules import built_in
from pipeline.rules.between_sources import doubts
from pipeline.rules.load import load_folder
from pipeline.settings import Settings

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OWN = """\
schema: news-alerts/v1
kind: rule
id: {name}
title: Unsere
match:
  any: [Quelle]
  where: {{source: lagebild-sources}}
"""


def ids(folder: Path, wanted: tuple[str, ...] = built_in.NAMES) -> list[str]:
    loaded = load_folder(folder, built_in_rules=wanted)
    assert loaded.problems == ()
    return [each.rule.id for each in loaded.rules]


def test_they_are_sound_and_pass_their_own_tests(tmp_path: Path) -> None:
    loaded = load_folder(tmp_path, built_in_rules=built_in.NAMES)
    assert loaded.problems == () and [each.rule.id for each in loaded.rules] == sorted(built_in.NAMES)
    assert all(each.rule.status == "live" and built_in.MARK in each.rule.tags and each.rule.tests for each in loaded.rules)
    assert not doubts(loaded.files, ["tagesblatt"], NOON), "our own sources are no unknown ones"


def test_a_file_of_the_same_name_takes_the_place_of_one_also_in_a_folder_below(tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "sources.yml").write_text(OWN.format(name="sources"), encoding="utf-8")
    loaded = load_folder(tmp_path, built_in_rules=built_in.NAMES)
    assert {each.rule.id: each.rule.title for each in loaded.rules}["sources"] == "Unsere"
    assert [each.rule.id for each in loaded.own.rules] == ["sources"] and list(loaded.own.files) == ["team/sources.yml"]


def test_they_come_and_go_with_what_is_wanted_and_are_compiled_once(tmp_path: Path) -> None:
    first = load_folder(tmp_path, built_in_rules=["sources"])
    assert load_folder(tmp_path, first, built_in_rules=["sources"]).rules[0] is first.rules[0]
    second = load_folder(tmp_path, first, built_in_rules=built_in.NAMES)
    assert [each.rule.id for each in second.rules] == ["canary", "sources"] and second.rules[1] is first.rules[0]
    assert load_folder(tmp_path, second).rules == ()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, ("canary", "sources")),
        ({"alerts": {"built_in_rules": []}}, ()),
        ({"alerts": {"built_in_rules": ["canary"]}}, ("canary",)),
        ({"collector": {"canaries": False}}, ("sources",)),
        ({"sources": []}, ("sources",)),
        ({"sources": [{"id": "tb", "connector": "rss", "paused": True}]}, ("sources",)),
    ],
)
def test_the_configuration_leaves_them_out_and_no_canary_is_missed_where_none_flies(
    changes: dict[str, Any], wanted: tuple[str, ...]
) -> None:
    settings = Settings.model_validate({"sources": [{"id": "tb", "connector": "rss"}]} | changes)
    assert settings.built_in_rules == wanted


def test_lists_name_them_and_the_check_of_a_folder_does_not_count_them(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "quelle.yaml").write_text(OWN.format(name="quelle"), encoding="utf-8")
    config = tmp_path / "lagebild.yaml"
    config.write_text("sources: [{id: tb, connector: rss, options: {url: 'https://tb.example/f'}}]\n", encoding="utf-8")
    listed = CliRunner().invoke(app, ["rules", "list", "--config", str(config), "--json"])
    assert {each["id"]: each["origin"] for each in json.loads(listed.stdout)} == {"canary": "built-in", "quelle": "", "sources": "built-in"}
    checked = CliRunner().invoke(app, ["rules", "check", "--config", str(config), "--json"])
    assert (json.loads(checked.stdout)["rules"], json.loads(checked.stdout)["warnings"]) == (1, [])


def test_the_page_marks_them(tmp_path: Path) -> None:
    desk = Desk()
    for each in load_folder(tmp_path, built_in_rules=["sources"]).rules:
        desk.rules[each.rule.id] = Active(rule=each.rule, version=each.version, since=NOON)
    assert [(each.id, each.built_in) for each in rule_views(desk, NOON)] == [("sources", True)]

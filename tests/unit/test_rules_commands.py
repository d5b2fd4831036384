"""`lagebild rules`: the commands that need no server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app

RULE = """\
schema: news-alerts/v1
kind: rule
id: raketentest
title: Raketentests
match: {langs: [de], any: [Raketentest]}
tests:
  - {text: "Ein Raketentest.", match: true}
  - {text: "Ein Zug.", match: false}
"""


def said(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["rules", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "raketentest.yml").write_text(RULE, encoding="utf-8")
    return tmp_path


def test_check_counts_rules_and_tests_and_gives_advice(folder: Path) -> None:
    code, shown, _ = said("check", "--rules", str(folder), "--json")
    assert code == 0
    assert json.loads(shown) == {"rules": 1, "tests": 2, "problems": [], "warnings": [], "receivers_checked": False}
    (folder / "zug.yml").write_text(
        RULE.replace("raketentest", "zug").replace("[Raketentest]", "[Zug]").split("tests:")[0], encoding="utf-8"
    )
    assert said("check", "--rules", str(folder))[0] == 0
    code, _, told = said("check", "--rules", str(folder), "--strict")
    assert code == 1 and "zug.yml:5:28: advice: 'Zug' is short" in told


NOBODY_LISTENS = "kafka: {servers: ['127.0.0.1:1']}\n"


@pytest.mark.parametrize(("command", "instead"), [(("diff",), "--against FOLDER"), (("backtest", "--since", "1d"), "--from FILE")])
def test_without_a_broker_it_is_said_what_is_missing_and_what_can_be_done(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, command: tuple[str, ...], instead: str
) -> None:
    config = tmp_path_factory.mktemp("away") / "lagebild.yaml"
    config.write_text(NOBODY_LISTENS, encoding="utf-8")
    code, _, told = said(*command, "--config", str(config), "--rules", str(folder))
    assert code == 4
    for expected in ("Kafka does not answer at 127.0.0.1:1", "Start Kafka there, or correct kafka.servers", instead):
        assert expected in told


def test_diff_against_a_folder_needs_no_server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "raketentest.yml").write_text(RULE, encoding="utf-8")
    arguments = ("diff", "--rules", str(folder), "--against", str(other))
    assert said(*arguments) == (0, "Both are the same.\n", "")
    (other / "raketentest.yml").write_text(RULE.replace("any: [Raketentest]", "any: [Raketentest, Atomtest]"), encoding="utf-8")
    code, shown, _ = said(*arguments)
    assert code == 1 and "raketentest changed" in shown and "Atomtest" in shown


def test_test_shows_what_matched_and_fails_with_code_1(folder: Path) -> None:
    code, shown, _ = said("test", "raketentest", "--rules", str(folder), "--json")
    found = json.loads(shown)
    assert code == 0 and [each["ok"] for each in found] == [True, True]
    assert found[0]["hits"][0]["surface"] == "Raketentest"
    (folder / "raketentest.yml").write_text(RULE.replace('"Ein Zug."', '"Ein Raketentest"'), encoding="utf-8")
    code, shown, _ = said("test", "--rules", str(folder))
    assert code == 1 and "FAILS" in shown and "should not match and does" in shown
    code, _, told = said("test", "raketentset", "--rules", str(folder))
    assert code == 2 and "Did you mean 'raketentest'?" in told


def test_what_is_one_is_told_as_one(folder: Path) -> None:
    assert "2 tests of 1 rule, 0 fail" in said("test", "--rules", str(folder))[1]
    assert "1 rule is fine; 2 tests passed." in said("check", "--rules", str(folder))[1]


def test_a_rule_that_does_not_exist_is_a_usage_error_of_every_command(folder: Path) -> None:
    for command in (("test", "raketentset"), ("explain", "raketentset")):
        code, _, told = said(*command, "--rules", str(folder))
        assert code == 2 and "there is no rule 'raketentset' in this folder. Did you mean 'raketentest'?" in told


def test_new_writes_letters_as_they_are(folder: Path) -> None:
    assert said("new", "faehre", "--term", "Fähre", "--title", "Fähren\u2028 🚢\x7f", "--rules", str(folder))[0] == 0
    text = (folder / "faehre.yaml").read_text(encoding="utf-8")
    assert '- "Fähre"' in text and 'title: "Fähren\\u2028 🚢\\u007f"' in text


def test_new_writes_a_rule_that_check_takes_and_overwrites_nothing(folder: Path) -> None:
    arguments = ("new", "stromausfall", "--term", "Stromausfall", "--lang", "de", "--expires", "12h", "--rules", str(folder))
    assert said(*arguments)[0] == 0
    assert said("check", "--rules", str(folder))[0] == 0
    code, _, told = said(*arguments)
    assert code == 1 and "is there already" in told
    assert said("new", "leer", "--rules", str(folder))[0] == 2


def test_fmt_turns_lists_into_a_query_and_says_so(folder: Path) -> None:
    file = folder / "raketentest.yml"
    assert said("fmt", str(file), "--to", "query", "--check")[0] == 1
    assert file.read_text(encoding="utf-8") == RULE
    assert said("fmt", str(file), "--to", "query")[0] == 0
    assert 'query: "Raketentest"' in file.read_text(encoding="utf-8")
    assert said("fmt", str(file), "--to", "query", "--check")[0] == 0


def test_pairs_prints_every_wrong_pair_and_ends_with_code_1(folder: Path) -> None:
    table = folder / "pairs.tsv"
    table.write_text("keyword\ttext\toption\tmatch\twhy\nWahl\tTag der Wahlen\t\tyes\tplural\n", encoding="utf-8")
    assert said("pairs", str(table))[:2] == (0, "1 of 1 pairs are right.\n")
    table.write_text("keyword\ttext\toption\tmatch\twhy\nWahl\tTag der Wahlen\t\tno\tplural\n", encoding="utf-8")
    code, shown, _ = said("pairs", str(table), "--json")
    assert code == 1
    assert [(each["keyword"], each["found"]) for each in json.loads(shown)["wrong"]] == [("Wahl", ["Wahlen"])]
    table.write_text("a\tb\n", encoding="utf-8")
    code, _, told = said("pairs", str(table))
    assert code == 2 and "names no column keyword" in told
    assert said("pairs", str(folder / "nowhere.tsv"))[0] == 2
    code, shown, _ = said("pairs", str(folder / "nowhere.tsv"), "--json")
    assert code == 2 and "cannot be read" in json.loads(shown)["error"]


def test_pairs_in_a_language_that_nobody_knows_are_refused_with_those_that_are_known(folder: Path) -> None:
    table = folder / "pairs.tsv"
    table.write_text("keyword\ttext\toption\tmatch\twhy\nattack\tTwo attacks\t\tyes\tplural\n", encoding="utf-8")
    code, _, told = said("pairs", str(table), "--language", "xx")
    assert code == 2 and "'xx' is not a language code" in told and " de, el, en, " in told
    code, _, told = said("pairs", str(table), "--language", "deutsch")
    assert code == 2 and "Did you mean 'de'?" in told
    assert said("pairs", str(table), "--language", "en")[0] == 0


def test_a_folder_that_is_named_is_held_against_the_receivers_of_the_configuration(folder: Path) -> None:
    file = folder / "raketentest.yml"
    file.write_text(RULE + "notify: {route: [dsk], escalate: {after: 5m, to: [nobody]}}\n", encoding="utf-8")
    code, _, told = said("check", "--rules", str(folder))
    assert code == 0 and "receivers and sources that the rules name were not checked" in told
    config = folder / "config" / "lagebild.yaml"
    config.parent.mkdir()
    config.write_text("receivers:\n  - {name: desk, notifier: console}\n", encoding="utf-8")
    (folder / "checked").mkdir()
    file.rename(folder / "checked" / file.name)
    code, _, told = said("check", "--rules", str(folder / "checked"), "--config", str(config))
    assert code == 3 and "'dsk'" in told and "Did you mean 'desk'?" in told and "'nobody'" in told
    assert "not checked" not in told


def test_what_is_not_found_is_an_object_for_scripts(folder: Path) -> None:
    code, shown, told = said("test", "raketentset", "--rules", str(folder), "--json")
    assert code == 2 and json.loads(shown)["error"] == told.strip()

"""Rules that ask for entities: their tests and explanations know whom the text names, and unknown ids are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.enriching import Recogniser, packaged
from pipeline.rules.between_names import strangers
from pipeline.rules.check import article_of
from pipeline.rules.explain import explained
from pipeline.rules.load import load_folder, load_text
from pipeline.settings import Settings

RULE = """\
schema: news-alerts/v1
kind: rule
id: kp-raketen
title: Raketen
match: {match}
tests:
  - {test}
"""
QUERY = "{query: 'Rakete AND entity:iso:KP'}"
WHERE = "{langs: [de], any: [Rakete], where: {entities: {any: [iso:KP], none: [iso:JP]}}}"


def problems(match: str, test: str) -> list[str]:
    return [each.message for each in load_text(RULE.replace("{match}", match).replace("{test}", test), "kp-raketen.yml")[1]]


@pytest.mark.parametrize("match", [QUERY, WHERE])
def test_a_test_is_judged_with_the_entities_that_are_recognised_in_it(match: str) -> None:
    assert problems(match, '{text: "Nordkorea testet eine Rakete.", match: true, terms: [Rakete]}') == []
    assert problems(match, '{text: "Südkorea testet eine Rakete.", match: false}') == []
    assert problems(match, '{text: "Sie flog weit.", title: "Nordkoreas Rakete", match: true}') == []
    (found,) = problems(match, '{text: "Südkorea testet eine Rakete.", match: true}')
    assert found.startswith(
        "test 1 of rule 'kp-raketen' fails: 'Südkorea testet eine Rakete.' should match and does not; the rule asks for iso:KP"
    )
    assert found.endswith("; the entities in the text are iso:KR (Südkorea)")
    assert problems(match, '{text: "Die Rakete flog.", match: true}')[0].endswith("the entities in the text are none")


@pytest.mark.parametrize("match", [QUERY, WHERE])
def test_a_test_may_state_the_entities(match: str) -> None:
    assert problems(match, '{text: "Pjöngjangs Rakete flog.", match: true, entities: [iso:KP]}') == []
    assert problems(match, '{text: "Nordkorea testet eine Rakete.", match: false, entities: []}') == []
    (found,) = problems(match, '{text: "Nordkorea testet eine Rakete.", match: true, entities: [geo:1871859, {type: person}]}')
    assert found.endswith("the entities in the text are geo:1871859, type:person")


def test_types_of_entities_are_stated_and_follow_from_ids() -> None:
    match = "{all: [Rakete, {entity: type:person}, {entity: type:country}]}"
    assert problems(match, "{text: Eine Rakete, match: true, entities: [type:PER, iso:KP]}") == []
    assert problems(match, "{text: Eine Rakete, match: false, entities: [org:un, iso:KP]}") == []


def test_a_rule_that_asks_for_nobody_asks_no_recogniser() -> None:
    broken = Recogniser(Settings.model_validate({"enrichers": [{"name": "nowhere"}]}))
    plain = RULE.replace("{match}", "{any: [Rakete]}").replace("{test}", "{text: Eine Rakete, match: true}")
    assert load_text(plain, "kp-raketen.yml", recogniser=broken)[1] == []
    (found,) = load_text(plain.replace("{any: [Rakete]}", QUERY), "kp-raketen.yml", recogniser=broken)[1]
    assert found.message.startswith("nobody can say who is named in the tests of this rule: there is no plug-in 'nowhere'")


def test_the_team_s_own_names_are_known_to_tests_at_the_next_look(tmp_path: Path) -> None:
    lists, rules = tmp_path / "lists", tmp_path / "rules"
    lists.mkdir()
    rules.mkdir()
    (lists / "ships.csv").write_text("name,id\nAndere,andere\n", encoding="utf-8")
    text = RULE.replace("{match}", "{all: [Rakete, {entity: list:ships:rena}]}")
    (rules / "kp-raketen.yml").write_text(text.replace("{test}", '{text: "Rakete auf der Rena Quandra", match: true}'), encoding="utf-8")
    recogniser = Recogniser(Settings.model_validate({"enrichers": [{"name": "entities", "options": {"watch_lists": str(lists)}}]}))
    first = load_folder(rules, recogniser=recogniser)
    assert "should match and does not" in first.problems[0].message
    (lists / "ships.csv").write_text("name,id\nRena Quandra,rena\n", encoding="utf-8")
    (rules / "other.yml").write_text(
        text.replace("kp-raketen", "other").replace("{test}", "{text: Nichts, match: false}"), encoding="utf-8"
    )
    second = load_folder(rules, first, recogniser=recogniser)
    assert second.problems == ()
    assert strangers(second.files, recogniser) == []


def test_an_explanation_names_the_entities() -> None:
    compiled, _ = load_text(RULE.replace("{match}", WHERE).replace("{test}", "{text: Nichts, match: false}"), "kp-raketen.yml")
    assert compiled is not None
    assert explained(compiled, "Nordkoreas Rakete").matched
    found = explained(compiled, "Japans Rakete")
    assert (found.matched, found.refused) == (False, "the entities do not admit it")
    assert found.named == "the rule asks for iso:KP, iso:JP; the entities in the text are iso:JP (Japan)"
    assert explained(compiled, "Japans Rakete", entities=packaged().entities(article_of("Nordkorea", "", "de"))).matched


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("geo:Pjöngjang", "Did you mean 'geo:1871859' (Pjöngjang)?"),
        ("org:uno", "Did you mean 'org:un' (Vereinte Nationen)?"),
        ("person:kim-jong-umm", "Did you mean 'person:kim-jong-un'?"),
        ("iso:NK", "Such ids are like iso:"),
        ("wd:Q423", "Ids begin with desert:, geo:, island:, iso:, mountain:, org:, person:, region:, river:;"),
        ("list:ships:rena", "Ids begin with desert:"),
        ("iso:KP", ""),
        ("type:person", ""),
        ("name:person:kim", ""),
    ],
)
def test_an_entity_that_no_list_knows_is_told_with_what_may_be_meant(tmp_path: Path, name: str, says: str) -> None:
    rule = RULE.replace("{match}", f"{{all: [Rakete, {{entity: '{name}'}}]}}").replace("{test}", "{text: Nichts, match: false}")
    (tmp_path / "kp-raketen.yml").write_text(rule, encoding="utf-8")
    loaded = load_folder(tmp_path)
    assert loaded.problems == ()
    found = [each.message for each in strangers(loaded.files, packaged())]
    assert len(found) == bool(says)
    assert all(each.startswith(f"no list knows an entity {name!r}, and so no article names it. {says}") for each in found)


def test_the_commands_ask_the_recognisers(tmp_path: Path) -> None:
    rule = RULE.replace("{match}", QUERY.replace("KP", "KP AND NOT entity:org:uno")).replace(
        "{test}", "{text: Nordkoreas Rakete, match: true}"
    )
    (tmp_path / "kp-raketen.yml").write_text(rule, encoding="utf-8")
    folder = ("--rules", str(tmp_path))

    def said(*arguments: str) -> str:
        return CliRunner().invoke(app, ["rules", *arguments, *folder]).output

    assert "org:un" in said("check")
    assert "0 fail" in said("test")
    assert "kp-raketen (medium)" in said("try", "Nordkoreas Rakete")
    assert "No rule matches." in said("try", "Japans Rakete")
    assert "the entities in the text are iso:JP (Japan)" in said("explain", "kp-raketen", "Japans Rakete")

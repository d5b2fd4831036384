"""Rule files: what works, what is refused and where, all at once, and hostile files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.rules import load
from pipeline.rules.load import load_folder, load_text
from pipeline.rules.model import Allowed, Group, Near, Phrase, Term

GOOD = """\
schema: news-alerts/v1
kind: rule
id: de-raketentest
title: Raketentests
status: shadow
severity: high
owner: lagezentrum
tags: [militaer, dprk]
description: Meldungen ueber Raketentests weltweit
runbook: https://intranet.example/rb/raketentest
falsepositives: [Modellraketen]
match:
  langs: [de]
  lang_strict: true
  fields: [title, body]
  any:
    - Raketentest
    - {phrase: "ballistische Rakete", slop: 1}
    - {near: [Rakete, testen], within: 5, order: given, scope: sentence}
    - all: [{term: Nordkorea}, {any: [Rakete, Atomtest]}]
  none: [Modellrakete]
  where: {source: [tagesblatt], country: {not: [KP]}, entities: {any: [iso:KP]}}
trigger: {type: each}
group: {by: [story], quiet_after: 12h, reopen_within: 2d}
notify: {route: [konsole], max_per_hour: 7, on_update: always}
tests:
  - {text: "Nordkorea meldet einen Raketentest.", match: true, terms: [Raketentest]}
  - {text: "Protest gegen Raketen", match: false}
"""


def problems(text: str, name: str = "de-raketentest.yml") -> list[str]:
    return [str(problem) for problem in load_text(text, name)[1]]


def test_every_field_that_works_reaches_the_rule() -> None:
    compiled, found = load_text(GOOD, "de-raketentest.yml")
    assert found == []
    assert compiled is not None
    rule = compiled.rule
    assert (rule.id, rule.status, rule.severity, rule.langs, rule.lang_strict) == ("de-raketentest", "shadow", "high", ("de",), True)
    assert rule.fields == ("title", "body")
    assert rule.match.any == (
        Term("Raketentest"),
        Phrase("ballistische Rakete", 1),
        Near(("Rakete", "testen"), 5, "given"),
        Group(all=(Term("Nordkorea"), Group(any=(Term("Rakete"), Term("Atomtest"))))),
    )
    assert rule.match.none == (Term("Modellrakete"),)
    assert (rule.where.source, rule.where.country, rule.where.entities) == (
        Allowed(only=("tagesblatt",)),
        Allowed(never=("KP",)),
        ("iso:KP",),
    )
    assert (rule.quiet_after_seconds, rule.reopen_within_seconds) == (43_200, 172_800)
    assert (rule.notify.route, rule.notify.max_per_hour, rule.notify.on_update) == (("konsole",), 7, "always")
    assert [test.match for test in rule.tests] == [True, False]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ("severity: high", "severty: high", "6:1", "unknown name 'severty' in the rule. Did you mean 'severity'?"),
        ("severity: high", "severity: hihg", "6:11", "Did you mean 'high'?"),
        ("schema: news-alerts/v1", "schema: news-alerts/v2", "1:9", "must be one of news-alerts/v1"),
        ("kind: rule", "kind: routes", "2:7", "`kind: routes` does not work yet"),
        ("title: Raketentests\n", "", "1:1", "the rule needs `title`"),
        ("langs: [de]", "langs: [German]", "13:11", "'German' is not a language code"),
        ("fields: [title, body]", "fields: [titel]", "15:12", "'titel' is not a field"),
        ("    - Raketentest\n", "    - 112\n", "17:7", "write '112' in quotes"),
        ("    - Raketentest\n", "    - '!!!'\n", "17:7", "no word that could be looked up"),
        ("    - Raketentest\n", "    - {term: Rakete, compound: [head]}\n", "17:22", "`compound` does not work yet"),
        ("    - Raketentest\n", "    - {constituents: Raketentest, within: 5}\n", "17:8", "`constituents` does not work yet"),
        ("    - Raketentest\n", "    - {phrse: a b}\n", "17:8", "Did you mean 'phrase'?"),
        ("within: 5, ", "", "19:7", "`near` needs `within`"),
        ("slop: 1", "slop: 99", "18:45", "it must be from 0 to 20"),
        ("scope: sentence", "scope: paragraph", "19:64", "`scope: paragraph` does not work yet"),
        ("  none: [Modellrakete]", "  query: a AND b", "21:3", "`query` does not work yet"),
        ("source: [tagesblatt]", "source.tier: [1]", "22:11", "`source.tier` does not work yet"),
        ("not: [KP]", "not: [Korea]", "22:49", "'Korea' is not a country code"),
        ("type: each", "type: count", "23:17", "`type: count` does not work yet"),
        ("trigger: {type: each}", "quiet_after: 24h", "23:1", "`quiet_after` belongs under `group`"),
        ("by: [story]", "by: [source]", "24:13", "`by` must be [story] at present"),
        ("quiet_after: 12h", "quiet_after: 12", "24:35", "must be a time of at most a year"),
        ("max_per_hour: 7", "max_per_hour: many", "25:42", "must be a whole number, not text"),
        ("on_update: always", "digest: daily", "25:45", "`digest` does not work yet"),
        ("tests:\n", "expect: {}\ntests:\n", "26:1", "`expect` does not work yet"),
        ('"Protest gegen Raketen", match: false', '"Protest gegen Raketen", match: true', "28:5", "should match and does not"),
        ('"Protest gegen Raketen", match: false', '"Ein Raketentest", match: false', "28:5", "should not match and does, by Raketentest"),
        ("terms: [Raketentest]", "terms: [Nordkorea]", "27:5", "should match by Nordkorea; it matched by Raketentest"),
        ('"Protest gegen Raketen", match: false', '"Protest", match: no', "28:30", "must be true or false"),
        ("id: de-raketentest", "id: de-rakete", "3:5", "the id is 'de-rakete' but the file is called 'de-raketentest'"),
        ("id: de-raketentest", "id: Rakete!", "3:5", "3 to 64 small letters, digits and hyphens such as raketentest"),
        ("title: Raketentests", "title: a\ntitle: b", "5:1", "'title' stands here twice"),
    ],
)
def test_a_fault_is_told_with_its_place(old: str, new: str, place: str, says: str) -> None:
    found = problems(changed(old, new))
    assert [each for each in found if each.startswith(f"de-raketentest.yml:{place}: ") and says in each], found


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "de-raketentest.yml").write_text(GOOD)
    (tmp_path / "one.yml").write_text("kind: rule\nid: one\ntitel: x\nmatch: {any: [{trm: x}], langs: de}\nexpect: {}\n")
    (tmp_path / "two.yml").write_text("schema: [")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "three.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / ".hidden.yml").write_text("nonsense")
    (tmp_path / "notes.txt").write_text("not a rule")
    loaded = load_folder(tmp_path)
    assert [compiled.rule.id for compiled in loaded.rules] == ["de-raketentest"]
    assert {problem.file for problem in loaded.problems} == {"one.yml", "two.yml", "sub/three.yaml"}
    assert len([problem for problem in loaded.problems if problem.file == "one.yml"]) == 5


def test_two_files_with_one_id_are_both_left_out(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "de-raketentest.yml").write_text(GOOD)
    loaded = load_folder(tmp_path)
    assert loaded.rules == ()
    assert "already that of a/de-raketentest.yml" in str(loaded.problems[0])


def test_a_folder_that_is_not_there_is_a_problem() -> None:
    assert "no such folder" in str(load_folder(Path("/nowhere/rules")).problems[0])


def test_an_unchanged_file_is_not_compiled_again(tmp_path: Path) -> None:
    path = tmp_path / "de-raketentest.yml"
    path.write_text(GOOD)
    first = load_folder(tmp_path)
    assert load_folder(tmp_path, first).rules[0] is first.rules[0]
    path.write_text(changed("severity: high", "severity: low"))
    second = load_folder(tmp_path, first)
    assert second.rules[0].rule.severity == "low"
    assert second.rules[0].version != first.rules[0].version


def test_a_rule_without_any_word_to_find_it_by_is_refused() -> None:
    text = changed("    - Raketentest\n", "    - {none: [Satire]}\n")
    assert any("must ask for at least one word" in each for each in problems(text))


HOSTILE = {
    "nested flow": "a: " + "[" * 50_000,
    "nested blocks": "\n".join(" " * depth + "a:" for depth in range(300)),
    "nested groups": "match: " + "{any: [" * 12 + "x" + "]}" * 12,
    "alias": "a: &a [x, x]\nb: [*a, *a]",
    "python tag": "id: !!python/object/apply:os.system [ls]",
    "number too long": "id: " + "9" * 5_000,
    "NUL": "id: \x00",
    "list": "- a",
    "two documents": "a: 1\n---\nb: 2",
    "tab": "a:\n\t- b",
    "unclosed": 'a: "' + "x" * 100_000,
    "empty": "",
    "comment": "# nothing",
    "odd keys": "[a, b]: c\n~: d\n1: e",
    "many clauses": "match:\n  any:\n" + "    - x\n" * 3_000,
    "odd values": "match: {any: [.nan, ~, true, 1.5, [a], {}, '']}",
    "surrogate escape": 'title: "\\ud800"',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gives_problems_and_nothing_else(name: str) -> None:
    compiled, found = load_text(HOSTILE[name], "x-x.yml")
    assert compiled is None
    assert found and all(problem.line >= 1 and problem.column >= 1 for problem in found)


def test_a_file_beyond_the_limit_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "MAX_FILE_BYTES", 100)
    (tmp_path / "de-raketentest.yml").write_text(GOOD)
    assert "larger than 100 bytes" in str(load_folder(tmp_path).problems[0])

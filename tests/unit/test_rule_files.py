"""Rule files: what works, what is refused and where, all at once, and hostile files."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import BadConfiguration
from pipeline.rules import reading_files
from pipeline.rules.between_sources import doubts
from pipeline.rules.canonical import canonical_group
from pipeline.rules.difference import differences
from pipeline.rules.faults import language_fault, operator_fault
from pipeline.rules.formatting import CannotFormat, formatted
from pipeline.rules.lint import advice
from pipeline.rules.load import load_folder, load_text
from pipeline.rules.model import (
    Allowed,
    Constituents,
    Count,
    Distinct,
    Each,
    Escalate,
    Expect,
    Filter,
    FirstSeen,
    Flatline,
    Group,
    Late,
    Near,
    Phrase,
    Regex,
    Sequence,
    SetOf,
    Spike,
    Term,
    Updates,
    Wildcard,
    Within,
)  # fmt: skip
from pipeline.rules.new import CannotCreate, create, expiry, written

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
        Near((Term("Rakete"), Term("testen")), 5, "given"),
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
        ("title: Raketentests\n", "", "1:1", "the rule needs `title`"),
        ("langs: [de]", "langs: [German]", "13:11", "'German' is not a language code"),
        ("fields: [title, body]", "fields: [titel]", "15:12", "'titel' is not a field"),
        ("    - Raketentest\n", "    - 112\n", "17:7", "write '112' in quotes"),
        ("    - Raketentest\n", "    - '!!!'\n", "17:7", "no word that could be looked up"),
        ("    - Raketentest\n", "    - {phrse: a b}\n", "17:8", "Did you mean 'phrase'?"),
        ("within: 5, ", "", "19:7", "`near` needs `within`"),
        ("slop: 1", "slop: 99", "18:45", "it must be from 0 to 20"),
        ("  none: [Modellrakete]", "  query: a AND b", "21:3", "`query` stands instead of any, all and none"),
        ("not: [KP]", "not: [Korea]", "22:49", "'Korea' is not a country code"),
        ("type: each", "type: count", "23:10", "`type: count` needs `count`, such as {over: 2h, gte: 5}"),
        ("trigger: {type: each}", "quiet_after: 24h", "23:1", "`quiet_after` belongs under `group`"),
        ("by: [story]", "by: [headline]", "24:14", "'headline' is not something to group by"),
        ("quiet_after: 12h", "quiet_after: 12", "24:35", "must be a time of at most a year"),
        ("max_per_hour: 7", "max_per_hour: many", "25:42", "must be a whole number, not text"),
        ("on_update: always", "digest: daily", "25:53", "`digest` must be a block of names, not text"),
        ("tests:\n", "expect: {}\ntests:\n", "26:9", "`expect` needs `matches_per_day`"),
        ('"Protest gegen Raketen", match: false', '"Protest gegen Raketen", match: true', "28:5", "should match and does not"),
        (
            '"Protest gegen Raketen", match: false',
            '"Nordkoreas Raketentest", match: false',
            "28:5",
            "should not match and does, by Raketentest",
        ),
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
    monkeypatch.setattr(reading_files, "MAX_FILE_BYTES", 100)
    (tmp_path / "de-raketentest.yml").write_text(GOOD)
    assert "larger than 100 bytes" in str(load_folder(tmp_path).problems[0])


FULL = """\
schema: news-alerts/v1
kind: rule
id: full
title: Everything
expires: 2026-12-31
match:
  langs: [de, en]
  any:
    - {term: Rakete, compound: [head, modifier]}
    - {term: Rakete, compound: []}
    - {term: IS, exact: true}
    - {term: Kanzler, derive: [feminine], inflect: false}
    - {near: [{any: [Rakete, {wildcard: "Drohn*"}]}, {phrase: "a b"}], within: 9, scope: paragraph}
    - {constituents: Raketentest, within: 7}
    - {wildcard: "Raket*"}
    - {regex: "raketentest(s|e)"}
    - {set: missile-test}
    - {fields: [title], all: [Rakete, {site: [a.example, b.example]}]}
  none:
    - {story_size: {gte: 3}}
    - {tier: [1, 2]}
  where:
    source.tier: [1, 2]
    source.country: {not: [KP]}
    section: [Politik]
    site: [a.example]
    entities: {any: [{type: LOC, id: "iso:KP"}], all: [{type: person}], none: ["type:country"]}
    story: {size: {gte: 2, lte: 9}}
    published: {max_age: 48h}
trigger: {type: distinct, distinct: {field: source.owner, over: 2h, gte: 3}}
group: {by: [cluster.id, country]}
notify:
  route: [desk]
  first: {wait: 60s}
  updates: {milestones: [2, 5], field: articles, min_gap: 10m}
  repeat: 4h
  resolved: true
  digest: null
  late: {after: 6h, action: record}
  escalate: {after: 5m, to: [chef]}
  include: [snippet, kibana_link]
expect: {matches_per_day: {min: 0, max: 40.5}}
"""


def test_every_block_of_the_format_reaches_the_rule() -> None:
    compiled, found = load_text(FULL, "full.yml")
    assert found == []
    assert compiled is not None
    rule = compiled.rule
    assert rule.match.any == (
        Term("Rakete", head=True, modifier=True),
        Term("Rakete", head=False),
        Term("IS", exact=True),
        Term("Kanzler", inflect=False, derive=("feminine",)),
        Near((Group(any=(Term("Rakete"), Wildcard("Drohn*"))), Phrase("a b")), 9, "any", "paragraph"),
        Constituents("Raketentest", 7),
        Wildcard("Raket*"),
        Regex("raketentest(s|e)"),
        SetOf("missile-test"),
        Within(("title",), Group(all=(Term("Rakete"), Filter("site", ("a.example", "b.example"))))),
    )
    assert rule.match.none == (Filter("story_size", ("3",), "gte"), Filter("tier", ("1", "2")))
    where = rule.where
    assert (where.tier, where.country.never, where.section.only, where.site.only) == ((1, 2), ("KP",), ("Politik",), ("a.example",))
    assert (where.entities, where.all_entities, where.no_entities) == (("iso:KP",), ("type:person",), ("type:country",))
    assert (where.story_min, where.story_max, where.max_age_seconds) == (2, 9, 172_800)
    assert rule.expires_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert rule.trigger == Distinct("source.owner", 7_200, 3)
    assert rule.group_by == ("story", "country")
    notify = rule.notify
    assert (notify.first_wait_seconds, notify.repeat_seconds, notify.resolved, notify.digest) == (60, 14_400, True, None)
    assert notify.updates == Updates(milestones=(2, 5), field="articles", min_gap_seconds=600)
    assert (notify.late, notify.escalate) == (Late(after_seconds=21_600, action="record"), Escalate(after_seconds=300, to=("chef",)))
    assert rule.expect == Expect(least_a_day=0, most_a_day=40.5)


@pytest.mark.parametrize(
    ("block", "trigger"),
    [
        ("{type: each}", Each()),
        ("{count: {over: 2h, gte: 5, clock: published, lateness: 10m}}", Count(7_200, 5, "published", 600)),
        ("{type: spike, spike: {window: 1h, baseline: 7d, ratio: 4, min: 5}}", Spike(3_600, 604_800, 4.0, 5)),
        ("{type: flatline, flatline: {over: 6h}}", Flatline(21_600, 1)),
        ("{type: first_seen, first_seen: {field: entities.id, memory: 30d}}", FirstSeen("entity", 2_592_000)),
        ("{type: sequence, sequence: {rules: [aaa, bbb], over: 24h, ordered: false}}", Sequence(("aaa", "bbb"), 86_400, False)),
    ],
)
def test_every_trigger_reaches_the_rule(block: str, trigger: object) -> None:
    compiled, found = load_text(changed("trigger: {type: each}", f"trigger: {block}"), "de-raketentest.yml")
    assert found == []
    assert compiled is not None and compiled.rule.trigger == trigger


def test_a_sequence_needs_no_words_of_its_own(tmp_path: Path) -> None:
    for rule_id in ("aaa", "bbb"):
        (tmp_path / f"{rule_id}.yml").write_text(GOOD.replace("id: de-raketentest", f"id: {rule_id}"), encoding="utf-8")
    head = "schema: news-alerts/v1\nkind: rule\nid: both\ntitle: Both\n"
    (tmp_path / "both.yml").write_text(head + "trigger: {sequence: {rules: [aaa, bbb], over: 1h}}\n", encoding="utf-8")
    loaded = load_folder(tmp_path)
    assert loaded.problems == ()
    assert {each.rule.id: each.anchors == () for each in loaded.rules} == {"aaa": False, "bbb": False, "both": True}


def test_a_query_and_lists_that_say_the_same_are_the_same_rule() -> None:
    query = 'schema: news-alerts/v1\nkind: rule\nid: one\ntitle: T\nmatch:\n  query: (Rakete OR "a b") AND NOT site:x.example\n'
    lists = query[: query.index("  query")] + '  any: [Rakete, {phrase: "a b"}]\n  none: [{site: x.example}]\n'
    first, second = load_text(query, "one.yml")[0], load_text(lists, "one.yml")[0]
    assert first is not None and second is not None
    assert first.rule.match == second.rule.match
    assert first.rule.query.startswith("(Rakete OR")


SET = "schema: news-alerts/v1\nkind: term_set\nid: mine\ntitle: Mine\nterms:\n  de: [{word}]\n"


def test_a_changed_term_set_changes_the_rules_that_use_it_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text(SET.replace("{word}", "Rakete"), encoding="utf-8")
    (tmp_path / "de-raketentest.yml").write_text(GOOD, encoding="utf-8")
    text = "schema: news-alerts/v1\nkind: rule\nid: user\ntitle: T\nmatch: {any: [{set: mine}]}\n"
    (tmp_path / "user.yml").write_text(text, encoding="utf-8")
    first = load_folder(tmp_path)
    assert first.problems == ()
    (tmp_path / "mine.yml").write_text(SET.replace("{word}", "Drohne"), encoding="utf-8")
    second = load_folder(tmp_path, first)
    before, after = ({each.rule.id: each for each in loaded.rules} for loaded in (first, second))
    assert after["de-raketentest"] is before["de-raketentest"]
    assert after["user"].version != before["user"].version
    (tmp_path / "mine.yml").unlink()
    third = load_folder(tmp_path, second)
    assert [problem.file for problem in third.problems] == ["user.yml"]
    assert "there is no term set 'mine'" in str(third.problems[0])


def test_defaults_fill_in_what_a_rule_does_not_say(tmp_path: Path) -> None:
    defaults = "schema: news-alerts/v1\nkind: defaults\nnotify: {max_per_hour: 3, route: [desk]}\n"
    (tmp_path / "defaults.yml").write_text(defaults, encoding="utf-8")
    (tmp_path / "de-raketentest.yml").write_text(GOOD, encoding="utf-8")
    plain = GOOD.replace("id: de-raketentest", "id: plain").replace("notify: {route: [konsole], max_per_hour: 7, on_update: always}\n", "")
    (tmp_path / "plain.yml").write_text(plain, encoding="utf-8")
    loaded = load_folder(tmp_path)
    assert loaded.problems == ()
    rules = {each.rule.id: each.rule.notify for each in loaded.rules}
    assert (rules["de-raketentest"].max_per_hour, rules["de-raketentest"].route) == (7, ("konsole",))
    assert (rules["plain"].max_per_hour, rules["plain"].route) == (3, ("desk",))
    (tmp_path / "defaults.yml").write_text(defaults.replace("3", "4"), encoding="utf-8")
    again = {each.rule.id: each.rule.notify.max_per_hour for each in load_folder(tmp_path, loaded).rules}
    assert again == {"de-raketentest": 7, "plain": 4}


def test_a_broken_file_that_has_not_changed_is_still_broken(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text("schema: [", encoding="utf-8")
    first = load_folder(tmp_path)
    assert load_folder(tmp_path, first).problems == first.problems != ()


def test_a_file_of_ten_megabytes_costs_no_time(tmp_path: Path) -> None:
    (tmp_path / "huge.yml").write_bytes(b"match:\n  any:\n" + b"    - x\n" * 1_250_000)
    assert "larger than 200,000 bytes" in str(load_folder(tmp_path).problems[0])


@pytest.mark.parametrize("text", [FULL, GOOD])
def test_a_rule_written_as_lists_again_means_the_same(text: str) -> None:
    name = "full.yml" if text is FULL else "de-raketentest.yml"
    before, after = load_text(text, name)[0], load_text(formatted(text, name, "clauses"), name)[0]
    assert before is not None and after is not None
    assert canonical_group(before.rule.match) == canonical_group(after.rule.match)
    assert before.rule.notify == after.rule.notify


def test_a_rule_goes_from_lists_to_a_query_and_back_with_its_comments() -> None:
    text = GOOD.replace("title: Raketentests", "title: Raketentests  # kept")
    query = formatted(text, "de-raketentest.yml", "query")
    assert "  query: " in query and "# kept" in query
    back = load_text(formatted(query, "de-raketentest.yml", "clauses"), "de-raketentest.yml")[0]
    first = load_text(text, "de-raketentest.yml")[0]
    assert back is not None and first is not None
    assert canonical_group(back.rule.match) == canonical_group(first.rule.match)


def test_what_a_query_cannot_say_is_refused_with_the_clause() -> None:
    with pytest.raises(CannotFormat, match="Kanzler"):
        formatted(
            FULL.replace("compound: [head, modifier]", "compound: [auto, modifier]").replace("{term: Rakete, compound: []}", "Drohne"),
            "full.yml",
            "query",
        )


def test_a_new_rule_is_valid_and_never_overwrites(tmp_path: Path) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    text = written(
        "evakuierung",
        terms=["Evakuierung", 'a "b" #c'],
        title='Eine "Lage": #1',
        expires_at=expiry("12h", now),
        tests=[("Evakuierung läuft.", True)],
    )
    compiled, found = load_text(text, "evakuierung.yml")
    assert found == [] and compiled is not None
    assert compiled.rule.expires_at == datetime(2026, 11, 22, tzinfo=UTC)
    assert compiled.rule.title == 'Eine "Lage": #1'
    create(tmp_path, "evakuierung", text)
    with pytest.raises(CannotCreate, match="is there already"):
        create(tmp_path, "evakuierung", text)
    with pytest.raises(BadConfiguration):
        written("evakuierung", query="a und b")


def test_a_difference_names_terms_and_settings() -> None:
    old = load_text(GOOD, "de-raketentest.yml")[0]
    new = load_text(
        changed("severity: high", "severity: low")
        .replace("    - Raketentest\n", "    - Atomtest\n")
        .replace(", terms: [Raketentest]", "")
        .replace("match: true", "match: false"),
        "de-raketentest.yml",
    )[0]
    assert old is not None and new is not None
    (found,) = differences({old.rule.id: old}, {new.rule.id: new})
    assert "- any: Raketentest" in found.lines and "+ any: Atomtest" in found.lines
    assert "~ severity: high → low" in found.lines
    assert [(each.rule_id, each.kind) for each in differences({}, {new.rule.id: new})] == [("de-raketentest", "added")]


def test_words_of_another_language_want_it_named(tmp_path: Path) -> None:
    head = "schema: news-alerts/v1\nkind: rule\nid: advised\ntitle: T\nmatch: {"
    for langs, advised in (("", ["earthquake", "cheval"]), ("langs: [en, fr], ", [])):
        (tmp_path / "advised.yml").write_text(
            f"{head}{langs}any: [earthquake, cheval, Erdbeben, testen, raketentest, Putin]}}\n", encoding="utf-8"
        )
        loaded = load_folder(tmp_path)
        found = [each.message for each in advice(loaded.rules, loaded.files) if "no German word" in each.message]
        assert [each.partition("'")[2].partition("'")[0] for each in found] == advised


def test_advice_is_given_for_words_that_disappoint(tmp_path: Path) -> None:
    head = "schema: news-alerts/v1\nkind: rule\nid: advised\ntitle: T\nmatch: {langs: [de], any: "
    (tmp_path / "advised.yml").write_text(
        head + '[Regierung, Zug, IS, Explosion, Fluechtlingskatxy, "Rakete UND Test", Rakete+, Raketentest]}\n', encoding="utf-8"
    )
    loaded = load_folder(tmp_path)
    assert loaded.problems == ()
    found = [each.message for each in advice(loaded.rules, loaded.files)]
    for word, says in [
        ("Regierung", "a large part of all news"),
        ("Zug", "is short"),
        ("IS", "in capitals only"),
        ("Explosion", "known compounds"),
        ("Fluechtlingskatxy", "is not in the lexicon"),
        ("Rakete UND Test", "holds an operator"),
        ("Rakete+", "is found only where + stands behind it; for compounds that begin with it write {term: Rakete,"),
    ]:
        assert [each for each in found if f"'{word}'" in each and says in each], (word, found)
    assert not [each for each in found if "'Raketentest'" in each]


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ("{any: [Rakete, Test], none: [Rakete]}", "'Rakete' stands under `none`, too, so that the rule never matches by it"),
        ("{any: [Raketentest], none: [Raketentests]}", "'Raketentest' stands under `none`, as 'Raketentests'"),
        ('{all: [{phrase: "a b"}], none: [{phrase: "a b"}]}', "'a b' stands under `none`, too"),
        ("{any: [Rakete], none: [{term: Rakete, exact: true}]}", ""),
        ("{any: [Rakete], none: [Modellrakete, {all: [Rakete, Test]}]}", ""),
    ],
)
def test_advice_is_given_for_a_term_that_is_asked_for_and_forbidden(tmp_path: Path, match: str, said: str) -> None:
    (tmp_path / "advised.yml").write_text(f"schema: news-alerts/v1\nkind: rule\nid: advised\ntitle: T\nmatch: {match}\n", encoding="utf-8")
    loaded = load_folder(tmp_path)
    assert loaded.problems == ()
    found = [each.message for each in advice(loaded.rules, loaded.files) if "under `none`" in each.message]
    assert [each[: len(said)] for each in found] == ([said] if said else [])


def quiet(folder: Path, seconds: int = 60) -> None:
    """All files as if they had been written a while ago: their times can be relied on."""
    at = time.time() - seconds
    for each in folder.rglob("*"):
        os.utime(each, (at, at))


def test_a_folder_that_has_not_changed_is_neither_read_nor_understood_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "de-raketentest.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "broken.yml").write_text("schema: [", encoding="utf-8")
    quiet(tmp_path)
    first = load_folder(tmp_path)
    monkeypatch.setattr(reading_files, "read", None)
    assert load_folder(tmp_path, first) is first


def test_a_change_within_the_grain_of_the_clock_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "de-raketentest.yml"
    path.write_text(GOOD, encoding="utf-8")
    status = path.stat()
    first = load_folder(tmp_path)
    path.write_text(changed("severity: high", "severity: info"), encoding="utf-8")
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    assert load_folder(tmp_path, first).rules[0].rule.severity == "info"


def test_other_receivers_are_looked_at_again(tmp_path: Path) -> None:
    (tmp_path / "de-raketentest.yml").write_text(GOOD, encoding="utf-8")
    quiet(tmp_path)
    first = load_folder(tmp_path, receivers=("konsole",))
    assert first.problems == ()
    assert "no receiver 'konsole'" in str(load_folder(tmp_path, first, receivers=("desk",)).problems[0])


def test_a_template_that_comes_later_mends_the_rule(tmp_path: Path) -> None:
    (tmp_path / "de-raketentest.yml").write_text(changed("notify: {", "notify: {template: short, "), encoding="utf-8")
    quiet(tmp_path)
    first = load_folder(tmp_path)
    assert "templates/short.j2" in str(first.problems[0])
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "short.j2").write_text("{{ rule.title }}", encoding="utf-8")
    assert [each.rule.id for each in load_folder(tmp_path, first).rules] == ["de-raketentest"]


def test_a_pipe_in_the_folder_is_refused_and_waits_for_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    assert "not a file" in str(load_folder(tmp_path).problems[0])


def test_loading_tells_how_far_it_is(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"rule-{number}.yml").write_text(GOOD.replace("id: de-raketentest", f"id: rule-{number}"), encoding="utf-8")
    told: list[tuple[int, int]] = []
    load_folder(tmp_path, progress=lambda done, of: told.append((done, of)))
    assert told == [(3, 3)]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("severity: high", "prioritaet: x", "unknown name 'prioritaet'"),
        ("severity: high", "priority: high", "Did you mean 'severity'?"),
        ("  any:", "  OR:", "Did you mean 'any'?"),
        ("trigger: {type: each}", "trigger: {count: {over: 1h, at_least: 3}}", "Did you mean 'gte'?"),
        ("trigger: {type: each}", "trigger: count", "write names with values, such as `type: …`"),
    ],
)
def test_a_word_of_another_tool_brings_the_name_that_was_meant(old: str, new: str, says: str) -> None:
    assert [each for each in problems(changed(old, new)) if says in each]


@pytest.mark.parametrize("text", ["- a\n- b\n", "- schema: news-alerts/v1\n  kind: rule\n  id: abc\n"])
def test_a_file_that_is_a_list_is_told_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "abc.yaml").write_text(text, encoding="utf-8")
    (found,) = load_folder(tmp_path).problems
    assert "the rule must be a block of names, not a list" in found.message


@pytest.mark.parametrize("language", ["de", "und", "zh", "zh-cn", "zh-tw", "no", "uk", "ka", "my", "sr"])
def test_a_language_that_an_article_can_have_may_be_asked_for(language: str) -> None:
    assert language_fault(language) == ""


@pytest.mark.parametrize(
    "term", ["Disney", "Was nun?", "Raketen-", "C#", "AT&T", "5,5 Prozent", "Yahoo!", "a+b", "Ostsee-Pipeline", "¡Basta!", "-5 Grad"]
)
def test_a_term_without_operators_at_its_edge_is_taken(term: str) -> None:
    assert operator_fault(term) == ""


def test_the_page_and_the_command_write_files_that_end_like_all_others(tmp_path: Path) -> None:
    assert create(tmp_path, "abc", "x").name == "abc.yaml"
    with pytest.raises(CannotCreate, match="is there already"):
        create(tmp_path, "abc", "x")


def test_a_source_that_nobody_configured_and_an_end_that_is_over_are_warnings(tmp_path: Path) -> None:
    head = "schema: news-alerts/v1\nkind: rule\nid: {}\ntitle: T\n"
    asks = "match:\n  all: [Rakete, {source: gibtsnicht}]\n  where: {source: [tagesblat, post]}\n"
    (tmp_path / "one.yaml").write_text(head.format("one") + asks, encoding="utf-8")
    (tmp_path / "two.yaml").write_text(head.format("two") + "expires: 2026-01-01\nmatch: {any: [Rakete]}\n", encoding="utf-8")
    (tmp_path / "off.yaml").write_text(
        head.format("off") + "status: disabled\nexpires: 2026-01-01\nmatch: {any: [Rakete]}\n", encoding="utf-8"
    )
    loaded = load_folder(tmp_path)
    assert loaded.problems == ()
    now = datetime(2026, 11, 21, tzinfo=UTC)
    assert [str(each) for each in doubts(loaded.files, ["tagesblatt", "post"], now)] == [
        "one.yaml:6:26: there is no source 'gibtsnicht' in the configuration. Until there is one, it has no articles",
        "one.yaml:7:20: there is no source 'tagesblat' in the configuration. Did you mean 'tagesblatt'? Until there is one, it has no articles",
        "two.yaml:5:10: the rule is live and has expired: it matches nothing. Write a later day, or `status: disabled`",
    ]
    assert [each.file for each in doubts(loaded.files, None, now)] == ["two.yaml"], "without a configuration nobody knows the sources"
    assert doubts(loaded.files, None, datetime(2025, 12, 31, tzinfo=UTC)) == []


def test_a_file_that_is_plain_text_is_told_once() -> None:
    assert len(problems("Rakete und Drohne\n")) == 1

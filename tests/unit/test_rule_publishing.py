"""Rule sets over the topic: only changes are written, and only complete sets are used."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.routing.model import Routing
from pipeline.rules.check import try_text
from pipeline.rules.compile import compile_rule
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.load import load_folder
from pipeline.rules.model import Group, Rule, Term
from pipeline.rules.publish import MANIFEST, Record, RuleTable, records
from pipeline.rules.reserved import ROUTING
from pipeline.rules.versions import RuleVersion, versions


def compiled(rule_id: str, word: str = "Raketentest") -> CompiledRule:
    return compile_rule(Rule(id=rule_id, title=rule_id, match=Group(any=(Term(word),))))


def fed(*parts: list[Record]) -> RuleTable:
    table = RuleTable()
    for part in parts:
        for record in part:
            table.apply(record.key, record.value)
    return table


def test_a_rule_set_arrives_as_it_was_sent() -> None:
    rules = [compiled("one"), compiled("two", "北朝鮮")]
    table = fed(records(rules))
    assert table.current.rules == {each.rule.id: each for each in rules}
    assert [each.rule_id for each in try_text(table.current, "Raketentest in 北朝鮮")] == ["one", "two"]


def test_only_what_changed_is_written_and_removed_rules_are_deleted() -> None:
    first = [compiled("keep"), compiled("edit"), compiled("drop")]
    table = fed(records(first))
    written = records([compiled("keep"), compiled("edit", "Drohne"), compiled("new")], table.versions, version=2)
    assert [(record.key, record.value is None) for record in written] == [
        ("edit", False),
        ("new", False),
        ("drop", True),
        (MANIFEST, False),
    ]
    kept = table.current.rules["keep"]
    for record in written:
        table.apply(record.key, record.value)
    assert set(table.current.rules) == {"keep", "edit", "new"}
    assert table.current.rules["keep"] is kept
    assert [each.rule_id for each in try_text(table.current, "Drohne und Raketentest")] == ["edit", "keep", "new"]


def test_nothing_is_written_when_nothing_changed() -> None:
    assert records([compiled("one")], fed(records([compiled("one")])).versions) == []


def test_an_empty_rule_set_is_complete() -> None:
    table = fed(records([compiled("one")]), records([], {"one": compiled("one").version}, version=2))
    assert table.complete
    assert try_text(table.current, "Raketentest") == ()


def test_half_a_change_is_not_used() -> None:
    table = fed(records([compiled("one"), compiled("two")]))
    before = table.current
    for record in records([compiled("one", "Drohne"), compiled("two", "Drohne")], table.versions, version=2)[:1]:
        table.apply(record.key, record.value)
    assert not table.complete
    assert table.current is before


def test_what_a_publisher_that_died_half_way_left_is_mended_by_the_next_one() -> None:
    table = fed(records([compiled("one"), compiled("two")]))
    wanted = [compiled("one", "Drohne")]
    for lost in (1, 2):
        half = fed(records([compiled("one"), compiled("two")]), records(wanted, table.versions, version=2)[:-lost])
        assert not half.complete
        for record in records(wanted, half.versions, version=2, complete=half.complete):
            half.apply(record.key, record.value)
        assert half.complete
        assert set(half.current.rules) == {"one"}


def test_a_record_that_cannot_be_read_keeps_the_old_set_and_is_named() -> None:
    table = fed(records([compiled("one")]))
    before = table.current
    for value in (b"", b"\xff", b"{}", b"[" * 10_000, b'{"rule": 1}'):
        table.apply("one", value)
    assert table.current is before
    assert "publish the rules again" in table.problem


def test_the_routing_arrives_with_the_rules_and_is_counted() -> None:
    routing = Routing(default=("desk",))
    written = records([compiled("one")], routing=routing)
    assert [record.key for record in written] == ["one", ROUTING, MANIFEST]
    table = fed(written)
    assert table.complete
    assert table.current.routing == routing
    assert records([compiled("one")], table.versions, 2, routing=routing) == []
    changed = records([compiled("one")], table.versions, 2, routing=Routing(default=("chef",)))
    assert [record.key for record in changed] == [ROUTING, MANIFEST]
    table.apply(changed[0].key, changed[0].value)
    assert table.current.routing == routing, "half a change is not used"
    table.apply(changed[1].key, changed[1].value)
    assert table.current.routing.default == ("chef",)
    assert set(table.current.rules) == {"one"}


def test_an_unreadable_routing_keeps_the_old_set() -> None:
    table = fed(records([compiled("one")], routing=Routing(default=("desk",))))
    before = table.current
    table.apply(ROUTING, b'{"default": 3}')
    assert table.current is before
    assert "publish the rules again" in table.problem


def test_each_new_version_is_kept_with_its_text_and_a_removed_rule_as_gone(tmp_path: Path) -> None:
    for rule_id in ("one", "two"):
        text = f"schema: news-alerts/v1\nkind: rule\nid: {rule_id}\ntitle: T\nmatch: {{any: [Raketentest]}}\n"
        (tmp_path / f"{rule_id}.yml").write_text(text, encoding="utf-8")
    loaded = load_folder(tmp_path)
    changes = records(loaded.rules, {"two": "old", "gone": "x"}, 2, routing=loaded.routing)
    records_kept = versions(changes, loaded.files, datetime(2026, 11, 21, tzinfo=UTC), "eva")
    kept = [msgspec.json.decode(each.value or b"", type=RuleVersion) for each in records_kept]
    assert [(each.rule_id, each.version != "", each.by, each.rule is None) for each in kept] == [
        ("one", True, "eva", False),
        ("two", True, "eva", False),
        ("gone", False, "eva", True),
    ]
    assert kept[0].text == (tmp_path / "one.yml").read_text(encoding="utf-8")


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["one", "two", "three", "four"]), st.sampled_from(["Drohne", "Rakete", "Panzer"])), max_size=5
    ),
    st.randoms(),
)
@settings(deadline=None, max_examples=60)
def test_after_any_changes_the_set_is_the_last_one_also_when_read_compacted(sets: list[dict[str, str]], random: object) -> None:
    table, log = RuleTable(), []
    for version, wanted in enumerate(sets, start=1):
        rules = [compiled(rule_id, word) for rule_id, word in wanted.items()]
        for record in records(rules, table.versions, version) if version > 1 else records(rules):
            log.append(record)
            table.apply(record.key, record.value)
        assert table.current.rules == {each.rule.id: each for each in rules}
        expected: dict[str, list[str]] = {}
        for each in rules:
            for anchor in each.anchors:
                expected.setdefault(anchor, []).append(each.rule.id)
        assert {anchor: tuple(sorted(ids)) for anchor, ids in table.current.by_anchor.items()} == {
            anchor: tuple(sorted(ids)) for anchor, ids in expected.items()
        }
    newest = {record.key: record for record in log}
    compacted = [record for number, record in enumerate(log) if newest[record.key] is record]
    assert fed(compacted).current.rules == table.current.rules

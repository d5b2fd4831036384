"""What a back-test says: figures, samples, differences, and what is not as expected."""

from __future__ import annotations

from datetime import timedelta

from pipeline.backtest.figures import violations
from pipeline.backtest.ordering import Arrivals
from pipeline.backtest.run import Outcome, Wish, run
from pipeline.backtest.selecting import MOST_WARM, selected, warm_seconds
from pipeline.backtest.stored import Reading
from pipeline.rules.compiled import RuleSet
from pipeline.rules.model import Count, Expect, Notify, RuleTest, Sequence
from pipeline.settings import Settings
from tests.builders import NOON
from tests.past import Past, report, rule, rule_set, written

DESK = Notify(route=("desk",))
RULES = rule_set(rule("test", "Raketentest", notify=DESK), rule("quake", "Erdbeben", notify=Notify(route=("desk", "night"))))
TEXTS = (
    "Ein Raketentest am Morgen.",
    "Schweres Erdbeben bei Tokio.",
    "Nichts davon.",
    "Der RAKETENTEST von gestern.",
)


def past(count: int = 40, hours: float = 1) -> Past:
    """One story each, a message each."""
    return written([(NOON + timedelta(hours=hours * n), report(n, TEXTS[n % 4], story=f"s{n}")) for n in range(count)], RULES)


def played(made: Past, rules: RuleSet = RULES, **wish: object) -> Outcome:
    asked = Wish(settings=Settings(), rules=rules, **wish)  # type: ignore[arg-type]
    return run(Reading(iter(made.stored)), asked, Arrivals())


def test_matches_episodes_and_messages_are_counted_for_each_rule_and_day() -> None:
    report_ = played(past(49)).report
    assert (report_.articles, report_.days) == (49, 2.0)
    quake, test = report_.rules
    assert (test.rule_id, test.matches, test.episodes, test.messages, test.matches_a_day) == ("test", 25, 25, 25, 12.5)
    assert (quake.matches, quake.episodes, quake.messages, quake.rings) == (12, 12, 24, 12)
    assert quake.receivers == {"desk": 12, "night": 12}
    assert test.decided == {"first": 25}


def test_the_words_that_fired_are_counted_as_they_stand_in_the_texts() -> None:
    (_, test) = played(past(40)).report.rules
    assert [(each.surface, each.matches) for each in test.surfaces] == [("RAKETENTEST", 10), ("Raketentest", 10)]


def test_the_same_seed_draws_the_same_sample_and_marks_its_words() -> None:
    made = past(200, hours=0.05)
    first, again, other = (played(made, seed=seed, sample=5).report.rules[1].sample for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == 5
    for each in first:
        assert {each.snippet.text[mark.start : mark.end].lower() for mark in each.snippet.marks} == {"raketentest"}


def test_copies_are_folded_and_limits_are_told_as_reasons() -> None:
    copies = [(NOON + timedelta(seconds=n), report(n, TEXTS[0], story="one")) for n in range(10)]
    (_, test) = played(written(copies, RULES)).report.rules
    assert (test.matches, test.episodes, test.messages) == (10, 1, 1)
    assert test.decided["first"] == 1
    shadow = rule_set(rule("test", "Raketentest", notify=DESK, status="shadow"))
    (quiet,) = played(past(8), shadow).report.rules
    assert (quiet.matches, quiet.messages, quiet.suppressed) == (4, 0, {"shadow": 4})


def test_what_happened_before_sets_the_scene_and_is_not_counted() -> None:
    copies = [(NOON + timedelta(hours=n), report(n, TEXTS[0], story="one")) for n in range(10)]
    made = written(copies, RULES)
    since = NOON + timedelta(hours=5)
    cold = played(made, since=since).report.rules[1]
    warm = played(made, since=since, warm_seconds=86_400).report.rules[1]
    assert (cold.matches, cold.episodes, cold.messages) == (5, 1, 1)
    assert (warm.matches, warm.episodes, warm.messages) == (5, 0, 0)


def test_the_difference_names_what_comes_and_what_goes() -> None:
    narrow = rule_set(rule("test", "Raketentest", notify=DESK), rule("wind", "Nichts", notify=DESK))
    changed = played(past(8), narrow, against=RULES).report.difference
    assert changed is not None
    assert (changed.matches_come, changed.matches_go, changed.matches_stay) == (2, 2, 4)
    assert [each.rule_id for each in changed.coming] == ["wind", "wind"]
    assert [each.article_id for each in changed.going] == ["article-1", "article-5"]
    assert (changed.episodes_come, changed.episodes_go, changed.episodes_stay) == (2, 2, 4)
    assert (changed.messages_come, changed.messages_go, changed.messages_stay) == (2, 4, 4)
    assert {each.receiver for each in changed.messages_going} == {"desk", "night"}


def test_the_same_rules_make_no_difference() -> None:
    changed = played(past(20), RULES, against=RULES).report.difference
    assert changed is not None and changed.matches_stay == 15
    assert (changed.matches_come, changed.matches_go, changed.episodes_come, changed.episodes_go) == (0, 0, 0, 0)
    assert (changed.messages_come, changed.messages_go) == (0, 0)


def test_a_message_that_is_only_withheld_says_by_what() -> None:
    shadow = rule_set(rule("test", "Raketentest", notify=DESK, status="shadow"))
    changed = played(past(4), shadow, against=rule_set(rule("test", "Raketentest", notify=DESK))).report.difference
    assert changed is not None
    assert (changed.matches_go, changed.messages_go) == (0, 2)
    assert {each.verdict for each in changed.messages_going} == {"shadow"}


def test_a_rule_outside_of_what_it_expects_is_a_finding() -> None:
    rules = rule_set(
        rule("loud", "Raketentest", expect=Expect(most_a_day=5)),
        rule("still", "Erdbeben", expect=Expect(least_a_day=100)),
        rule("fine", "Erdbeben", expect=Expect(least_a_day=1, most_a_day=10)),
    )
    found = played(past(49), rules).report
    assert not found.is_fine
    assert [each.partition(" ")[0] for each in found.violations] == ["loud", "still"]
    assert "at most 5" in found.violations[0] and "at least 100" in found.violations[1]


def test_the_tests_of_the_rules_are_run_as_well() -> None:
    good = RuleTest(text="Ein Raketentest.", match=True)
    bad = RuleTest(text="Ein Erdbeben.", match=True)
    found = played(past(4), rule_set(rule("test", "Raketentest", tests=(good, bad)))).report
    assert (found.tests, len(found.failing), found.is_fine) == (2, 1, False)


def test_no_article_gives_zeros() -> None:
    found = played(Past((), ())).report
    assert (found.articles, found.since, found.until) == (0, None, None)
    assert [each.matches for each in found.rules] == [0, 0]
    assert violations(found.rules, [each.rule for each in RULES.rules.values()]) == ()


def test_a_named_rule_counts_as_live_and_brings_those_it_listens_to() -> None:
    rules = rule_set(
        rule("a", "Raketentest", status="test"),
        rule("b", "Erdbeben", status="disabled"),
        rule("c", "Wind", trigger=Sequence(rules=("a", "b"), over_seconds=3_600)),
        rule("d", "Regen"),
    )
    assert selected(rules, ()) is rules
    chosen = selected(rules, ["c"])
    assert sorted(chosen.rules) == ["a", "b", "c"]
    assert {each: chosen.rules[each].rule.status for each in chosen.rules} == {"a": "test", "b": "disabled", "c": "live"}
    assert selected(rules, ["a"]).rules["a"].rule.status == "live"
    assert played(past(4), selected(rules, ["a"])).report.rules[0].matches == 2


def test_the_start_lies_as_far_back_as_an_episode_or_a_trigger_remembers_and_no_further_than_two_weeks() -> None:
    short = rule("a", "x", quiet_after_seconds=60, reopen_within_seconds=120)
    assert warm_seconds([short]) == 180
    assert (
        warm_seconds([short, rule("b", "x", quiet_after_seconds=1, reopen_within_seconds=1, trigger=Count(over_seconds=7_200, gte=2))])
        == 7_200
    )
    assert warm_seconds([rule("c", "x", quiet_after_seconds=40 * 86_400)]) == MOST_WARM.total_seconds()
    assert warm_seconds([]) == 0

"""The back-test's figures: a desk's rules, and what a million articles would take."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.article import Article
from pipeline.bench.backtests import desk_rules, measure_backtest
from pipeline.bench.corpus import generate
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.match import analyse_fields, match
from pipeline.settings import Settings

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return [each.collected(NOW) for each in generate(1, 120)]


def test_a_desks_rules_match_about_one_article_in_twenty(articles: list[Article]) -> None:
    found = desk_rules(articles, 1)
    assert len({each.id for each in found}) == len(found)
    rules = rule_set([compile_rule(each) for each in found])
    matching = sum(bool(match(rules, each, analyse_fields(each))) for each in articles)
    assert 6 <= matching <= 12


def test_the_minutes_of_a_million_follow_from_its_parts(articles: list[Article]) -> None:
    found = measure_backtest(articles, 1, Settings(), {}, rounds=1, most_matches=40)
    assert found["articles"] == 120 and 41 <= found["rules"] <= 50 and 0.05 <= found["matching_share"] <= 0.1
    assert found["look_ms_per_article"] > 0 and found["replay_ms_per_match"] > 0
    milliseconds = 1_000_000 * (found["look_ms_per_article"] / 2 + found["matches_per_article"] * found["replay_ms_per_match"])
    assert found["minutes_per_million"] == pytest.approx(milliseconds / 60_000)

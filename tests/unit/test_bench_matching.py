"""The measurement of matching measures what it says."""

from __future__ import annotations

import msgspec

from pipeline.bench.corpus import generate
from pipeline.bench.matching import measure_matching, mixed_rules
from tests.builders import NOON

ARTICLES = [msgspec.structs.replace(each.collected(NOON), title="") for each in generate(3, 12, keyword="Raketentest")]


def test_matching_is_measured_with_each_number_of_rules_and_what_they_take_in_a_process() -> None:
    figures = measure_matching(ARTICLES, seed=1, rounds=1, sizes=(20, 200))
    assert [each["rules"] for each in figures["sizes"].values()] == [20, 200]
    assert figures["growth"] == figures["sizes"]["200"]["ms_per_article"] / figures["sizes"]["20"]["ms_per_article"]
    assert figures["worker"]["rules"] == 200
    assert min(figures["compile_ms_per_rule"], figures["worker"]["load_seconds"], figures["worker"]["topic_bytes"]) > 0


def test_the_mixture_is_the_same_for_the_same_seed() -> None:
    assert mixed_rules(ARTICLES, 30, 5) == mixed_rules(ARTICLES, 30, 5)
    assert mixed_rules(ARTICLES, 30, 5) != mixed_rules(ARTICLES, 30, 6)

from __future__ import annotations

from pipeline.bench.corpus import Shares, generate
from pipeline.bench.functions import measure_language, measure_signature, measure_stories

TEXTS = [article.body for article in generate(3, 8, Shares(repeats=0))]


def test_language_is_measured_against_langdetect_in_one_run() -> None:
    figures = measure_language(TEXTS, rounds=2)
    assert figures["texts"] == figures["long_texts"] == 8
    assert figures["same_answer_share"] == 1.0
    assert figures["times_langdetect_warm"] == figures["langdetect_ms_per_text"] / figures["warm_ms_per_text"]
    assert figures["cold_ms_per_text"] > 0


def test_signatures_are_measured() -> None:
    figures = measure_signature(TEXTS, rounds=2)
    assert figures["ours_ms_per_text"] > 0
    assert figures["tokens_per_text"] > 200


def test_story_decisions_are_measured_and_compared_with_the_truth() -> None:
    figures = measure_stories(table_size=300, decisions=50, rounds=2)
    assert figures["table_articles"] == 300
    assert figures["missed_reprints"] == figures["false_joins"] == 0
    assert figures["reprints"] > 3
    assert min(figures["decisions_per_second"], figures["restore_records_per_second"], figures["state_bytes_per_article"]) > 0

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from pipeline.bench.corpus import STARTED_AT, GeneratedArticle, Shares, generate
from pipeline.text.language import Detector, reference
from pipeline.text.signature import sign, similarity
from pipeline.text.tokens import analyse


@pytest.fixture(scope="module")
def stream() -> list[GeneratedArticle]:
    return list(generate(7, 1_500))


def test_the_same_seed_gives_the_same_stream_and_another_seed_another(stream: list[GeneratedArticle]) -> None:
    assert list(generate(7, 300)) == stream[:300]
    assert [article.body for article in generate(8, 50)] != [article.body for article in stream[:50]]


def test_articles_have_the_size_of_news(stream: list[GeneratedArticle]) -> None:
    originals = [len(article.body) for article in stream if article.kind == "original"]
    assert 2_300 < sum(originals) / len(originals) < 2_900
    assert min(originals) > 1_200


def test_kinds_come_in_their_shares(stream: list[GeneratedArticle]) -> None:
    kinds = Counter(article.kind for article in stream)
    assert kinds["repeat"] / len(stream) == pytest.approx(0.05, abs=0.02)
    assert kinds["reprint"] / len(stream) == pytest.approx(0.15, abs=0.04)
    assert kinds["revision"] / len(stream) == pytest.approx(0.05, abs=0.02)
    assert {article.language for article in stream} == {"de", "en"}


def test_the_truth_about_copies_is_true(stream: list[GeneratedArticle]) -> None:
    latest: dict[str, GeneratedArticle] = {}
    for article in stream:
        if article.kind == "original":
            assert article.guid not in latest and article.copy_of == ""
        elif article.kind == "repeat":
            earlier = latest[article.guid]
            assert (article.title, article.body, article.revision) == (earlier.title, earlier.body, earlier.revision)
        elif article.kind == "revision":
            assert article.copy_of == article.guid
            assert article.revision == latest[article.guid].revision + 1
            assert article.body.startswith(latest[article.guid].body) and article.body != latest[article.guid].body
        else:
            assert article.guid not in latest and article.copy_of in latest
            assert article.variant and article.body != latest[article.copy_of].body
        if article.kind != "repeat":
            latest[article.guid] = article


def test_the_truth_about_the_keyword_is_true(stream: list[GeneratedArticle]) -> None:
    for article in stream:
        assert article.keyword == ("Raketentest" in article.title + article.body)
    assert 5 < sum(article.keyword for article in stream) < 100
    assert not any("Raketentest" in article.body for article in generate(7, 300, Shares(keyword=0)))
    assert all(article.keyword for article in generate(7, 50, Shares(reprints=0, keyword=1), keyword="Sonnenfinsternis"))


def test_the_language_is_recognised(stream: list[GeneratedArticle]) -> None:
    detector = Detector()
    for article in stream[:300]:
        assert detector.detect(article.title, article.body).code == article.language
    assert [reference(article.body) for article in stream[:20]] == [article.language for article in stream[:20]]


def test_independent_articles_do_not_resemble_each_other(stream: list[GeneratedArticle]) -> None:
    signatures = [sign(analyse(article.body).forms) for article in stream if article.kind == "original"][:150]
    pairs = [(one, other) for place, one in enumerate(signatures) for other in signatures[:place]]
    assert max(similarity(one, other) for one, other in pairs if one and other) < 0.2


def test_times_follow_each_other() -> None:
    times = [article.published_at for article in generate(1, 10, Shares(repeats=0), seconds_apart=60)]
    assert times[0] == STARTED_AT
    assert {(later - earlier).total_seconds() for earlier, later in zip(times, times[1:], strict=False)} == {60.0}


def test_an_article_can_be_delivered_as_a_connector_would(stream: list[GeneratedArticle]) -> None:
    fetched_at = datetime(2026, 11, 1, 7, tzinfo=UTC)
    article = stream[0].collected(fetched_at)
    assert (article.id, article.title, article.body) == (stream[0].article_id, stream[0].title, stream[0].body)
    assert article.clock.fetched_at == fetched_at
    ids = {each.guid: each.article_id for each in stream}
    assert len(set(ids.values())) == len(ids)

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from pipeline import topology
from pipeline.article import Article, Clock, Dates, Language, Signature, decode
from pipeline.errors import Permanent
from pipeline.outcome import Outcome
from pipeline.stages.identify import Identify
from pipeline.stages.known import KnownArticles
from tests.builders import NOON, article, work

LIVE_BLOG = "Um zehn Uhr trafen die Delegationen in Busan ein. Die Gespräche begannen pünktlich am Vormittag."


class Desk:
    """The stage over one partition, with text tools that are fixed."""

    def __init__(self) -> None:
        self.stage = Identify(
            lambda title, body, declared: Language(code="de", confidence=1.0, origin="detected"), no_signature, "Europe/Berlin"
        )
        self.stage.memories[0] = KnownArticles()
        self._offset = -1

    def collect(self, record: Article | bytes, offset: int | None = None) -> dict[str, bytes]:
        """What the stage writes for a record, by topic."""
        self._offset = self._offset + 1 if offset is None else offset
        return {out.topic: out.value or b"" for out in self.stage.run(work(record, self._offset), NOON)}

    def identify(self, record: Article, offset: int | None = None) -> Article:
        return decode(self.collect(record, offset)[topology.IDENTIFIED])


def no_signature(forms: list[str]) -> Signature | None:
    return None


def later(minutes: int = 5, **changes: Any) -> Article:
    return article(clock=Clock(fetched_at=NOON + timedelta(minutes=minutes)), **changes)


def test_markup_and_invisible_characters_are_gone_and_what_was_done_is_flagged() -> None:
    found = Desk().identify(article(title="Ein <b>Rake\u00adten</b>test &amp; mehr", markup="html", body="Text\u202emit\x00 Tricks."))
    assert found.title == "Ein Raketentest & mehr"
    assert found.body == "Textmit Tricks."
    assert "bidi_removed" in found.flags


def test_text_that_was_decoded_wrongly_at_the_source_is_repaired_and_flagged() -> None:
    found = Desk().identify(article(title="SchieÃŸÃ¼bung fÃ¼r PjÃ¶ngjang"))
    assert found.title == "Schießübung für Pjöngjang"
    assert "mojibake_repaired" in found.flags


def test_dates_are_read_once_and_flagged_when_they_cannot_be_right() -> None:
    assert Desk().identify(article()).dates.published_at == NOON.replace(hour=10, minute=58)
    assert "future_date" in Desk().identify(article(dates=Dates(published_raw="2026-11-20T18:00:00Z"))).flags
    unreadable = Desk().identify(article(dates=Dates(published_raw="demnächst")))
    assert (unreadable.dates.published_at, "unreadable_date" in unreadable.flags) == (None, True)


def test_the_same_text_again_is_dropped_as_a_repeat_under_the_article_id() -> None:
    desk = Desk()
    desk.identify(article())
    outcome = msgspec.json.decode(desk.collect(later(dates=Dates(published_raw="later")))[topology.OUTCOMES], type=Outcome)
    assert (outcome.exit, outcome.reason, outcome.article_id) == ("dropped", "repeat", "a1")


def test_the_same_record_again_is_passed_on_again_with_the_same_state() -> None:
    desk = Desk()
    first = desk.collect(article(), 7)
    again = desk.collect(article(), 7)
    assert again[topology.KNOWN] == first[topology.KNOWN]
    assert decode(again[topology.IDENTIFIED]).revision == 1


def test_a_revision_carries_exactly_the_added_sentences() -> None:
    desk = Desk()
    desk.identify(article(body=LIVE_BLOG))
    new = "Am Abend meldete Nordkorea einen Raketentest."
    found = desk.identify(later(body=f"{new} {LIVE_BLOG}"))
    assert found.revision == 2
    assert [getattr(found, span.field)[span.start : span.end].strip() for span in found.added] == [new]
    assert found.first_seen_at == NOON


def test_a_revision_that_only_removes_text_adds_nothing() -> None:
    desk = Desk()
    desk.identify(article(body=LIVE_BLOG))
    assert desk.identify(later(body=LIVE_BLOG.split(". ")[0] + ".")).added == ()


def test_changed_markup_spacing_or_dates_make_no_revision() -> None:
    desk = Desk()
    desk.identify(article(body=LIVE_BLOG))
    again = later(body="<p>" + LIVE_BLOG.replace(" ", "&nbsp; ") + "</p>", markup="html", dates=Dates(published_raw="2026-11-21"))
    assert topology.IDENTIFIED not in desk.collect(again)


def test_a_cancelled_article_is_always_a_revision() -> None:
    desk = Desk()
    desk.identify(article())
    assert desk.identify(later(pubstatus="canceled")).revision == 2


def test_revisions_keep_the_routing_language_of_the_first() -> None:
    desk = Desk()
    assert desk.identify(article()).routing_language == "de"
    desk.stage._detect = lambda title, body, declared: Language(code="en", confidence=1.0, origin="detected")
    changed = desk.identify(later(body="Now in English, because the desk was handed over for the night."))
    assert (changed.language.code, changed.routing_language) == ("en", "de")


@pytest.mark.parametrize("record", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"id": 1, "source": {}}'])
def test_what_is_no_article_is_refused_with_a_reason(record: bytes) -> None:
    with pytest.raises(Permanent, match="is not an article") as caught:
        Desk().collect(record)
    assert caught.value.reason == "invalid"


def test_an_article_without_any_text_is_refused() -> None:
    with pytest.raises(Permanent, match="neither a title nor a text"):
        Desk().collect(article(title=" \u200b ", body="<p> </p>", markup="html"))


def test_texts_beyond_the_limit_are_cut_and_flagged() -> None:
    found = Desk().identify(article(title="Wort " * 1000))
    assert len(found.title) <= 2000
    assert "title_cut" in found.flags


def test_a_summary_that_is_the_beginning_of_the_body_is_not_kept_twice() -> None:
    assert Desk().identify(article(summary="Nordkorea hat am Montag …")).summary == ""
    assert Desk().identify(article(summary="Etwas anderes.")).summary == "Etwas anderes."


def test_a_fetch_from_the_future_is_set_to_when_its_record_was_written() -> None:
    found = Desk().identify(article(clock=Clock(fetched_at=NOON + timedelta(days=400))))
    assert found.first_seen_at == NOON
    assert "future_fetch" in found.flags


def test_entities_in_plain_text_are_resolved_and_stay_text() -> None:
    found = Desk().identify(article(title="Tölz &ndash; Brauerei &amp; Molkerei", body="Zeichen &lt;script&gt; und A&B bleiben Text."))
    assert found.title == "Tölz – Brauerei & Molkerei"
    assert found.body == "Zeichen <script> und A&B bleiben Text."
    assert "entities_resolved" in found.flags

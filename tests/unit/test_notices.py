"""Notes in which publishers correct or withdraw a text."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.article import Article, Clock, Source, Span
from pipeline.matched import correction_note, records
from pipeline.rules.compiled import RuleSet
from pipeline.settings import Settings
from pipeline.text import notices
from pipeline.tryout import Tryout
from pipeline.worker import stages
from tests.builders import NOON, article

CORRECTIONS = [
    "Korrektur: In einer früheren Version hieß es, zwölf Menschen seien verletzt worden.",
    "KORREKTUR – Die Zahl der Verletzten wurde berichtigt.",
    "Berichtigung zu unserem Bericht vom Freitag: Es waren drei Verletzte.",
    "Anmerkung der Redaktion: Der Ort wurde berichtigt.",
    "In einer früheren Fassung dieses Artikels hieß es, der Test sei gelungen.",
    "Correction: An earlier version misstated the place.",
    "An earlier version of this article misstated the number of injured.",
    "Editor’s note: this story has been changed.",
    "(Correction, Nov. 21: the minister is called Muster.)",
    "Rectificatif : trois personnes ont été blessées.",
    "Corrección: fueron tres heridos.",
    "Errata corrige: i feriti sono tre.",
    "Rättelse: tre personer skadades.",
    "Sprostowanie: rannych zostało troje.",
    "Исправление: пострадали трое.",
    "訂正：負傷者は３人でした。",
]
NONE = [
    "",
    "Die Korrektur der Wachstumsprognose fiel deutlich aus.",
    "Correction fluid is sold out in all shops of the town.",
    "Der Minister verlangte eine Berichtigung.",
    "Eine frühere Version des Gesetzes war gescheitert.",
    "The Department of Corrections: a portrait of an institution in trouble",
]


@pytest.mark.parametrize("text", CORRECTIONS)
def test_a_note_of_correction_is_found_in_its_paragraph(text: str) -> None:
    assert notices.correction(f"Bei einem Brand gab es Verletzte.\n\n{text}\nEnde.") == text


@pytest.mark.parametrize("text", NONE)
def test_news_about_corrections_is_no_note(text: str) -> None:
    assert notices.correction(text) == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Dieser Artikel wurde zurückgezogen.", True),
        ("Die Meldung wurde von der Redaktion entfernt, weil sie falsch war.", True),
        ("This story has been retracted.", True),
        ("Cet article a été supprimé.", True),
        ("Der Antrag wurde zurückgezogen.", False),
        ("Dieser Artikel wurde zurückgezogen. " + "Wort " * 200, False),
        ("", False),
    ],
)
def test_a_text_that_was_taken_back_says_so_and_hardly_anything_else(text: str, found: bool) -> None:
    assert bool(notices.withdrawal(text)) is found


def test_a_note_counts_when_a_later_revision_adds_it() -> None:
    body = "Bei einem Brand gab es zwölf Verletzte.\n\nKorrektur: Es waren drei."
    added = (Span("body", body.index("Korrektur"), len(body)),)
    assert correction_note(article(body=body, revision=2, added=added)) == "Korrektur: Es waren drei."
    assert correction_note(article(body=body, revision=1, added=())) == "", "nobody was told before"
    assert correction_note(article(body=body, revision=3, added=(Span("body", 0, 10),))) == "", "it was there before"
    (record,) = records(article(body=body, revision=2, added=added), (), NOON)
    assert record.corrects and record.match.rule_id == "" and record.snippet.text == "Korrektur: Es waren drei."


def test_a_correction_goes_through_the_stages_although_its_text_matches_no_rule_any_more() -> None:
    tryout = Tryout(stages(Settings(), RuleSet), Settings())
    body = "Bei dem Brand in einer Lagerhalle im Hafen von Wismar sind am Freitagabend zwölf Menschen verletzt worden."
    later = f"Bei dem Brand im Hafen wurde niemand verletzt.\n\n{CORRECTIONS[0]}"
    for minutes, text in enumerate((body, later)):
        at = NOON + timedelta(minutes=minutes)
        tryout.take(Article(id="a1", source=Source(id="t", site="t.example"), title="Brand", body=text, clock=Clock(fetched_at=at)), at)
    first, second = tryout.result().articles
    assert (first.revision, second.revision) == (1, 2) and records(first, (), NOON) == ()
    (record,) = records(second, (), NOON)
    assert record.corrects and record.snippet.text == CORRECTIONS[0] and record.article_id == "a1"

"""Which facts decide whether one more report rings."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from pipeline.article import Article, Dates, Entity, Hit, Match, Mention, Source
from pipeline.facts import context, facts, found, lead, new_facts
from pipeline.text.frames import without_frames
from tests.builders import article

GAZETTEER = {
    "Nordkorea": ("country", "iso:KP"),
    "North Korea": ("country", "iso:KP"),
    "Japan": ("country", "iso:JP"),
    "Berlin": ("place", "geo:2950159"),
    "Seoul": ("place", "geo:1835848"),
    "SEOUL": ("place", "geo:1835848"),
    "Pjöngjang": ("place", "geo:1871859"),
    "Wonsan": ("place", "geo:1866923"),
    "Kim Jong Un": ("person", "list:leaders:kim"),
    "Sergej Schoigu": ("person", "list:leaders:schoigu"),
    "Yonhap": ("organisation", "org:agency:yonhap"),
    "dpa": ("organisation", "org:agency:dpa"),
    "Tagesblatt": ("organisation", "org:tagesblatt"),
    "Vereinte Nationen": ("organisation", "org:un"),
}


def report(title: str, body: str, *, summary: str = "", word: str = "Raketentest", **changes: Any) -> tuple[Article, Match]:
    """An article with the entities of a small gazetteer, and a match for each sentence that has `word`."""
    texts = {"title": title, "summary": summary, "body": body}
    entities: dict[str, list[Mention]] = {}
    for field, text in texts.items():
        for name in GAZETTEER:
            for hit in re.finditer(rf"\b{name}", text):
                entities.setdefault(name, []).append(Mention(field=field, start=hit.start(), end=hit.end(), text=name))  # type: ignore[arg-type]
    listed = tuple(
        Entity(id=GAZETTEER[name][1], type=GAZETTEER[name][0], name=name, recogniser="t", mentions=tuple(mentions))  # type: ignore[arg-type]
        for name, mentions in entities.items()
    )
    dates = Dates(published_at=datetime(2026, 11, 20, 11, 0, tzinfo=UTC))
    made = article(title=title, summary=summary, body=body, entities=listed, **{"dates": dates, **changes})
    return made, Match(id="m", rule_id="r", rule_version="1", title="T", severity="high", hits=tuple(_hits(texts, word)))


def _hits(texts: dict[str, str], word: str) -> list[Hit]:
    hits = []
    for field, text in texts.items():
        for sentence in re.finditer(r"[^.!?\n]+[.!?]?", text):
            for each in re.finditer(word, sentence[0]):
                start = sentence.start() + each.start()
                place = {"sentence_start": sentence.start(), "sentence_end": sentence.end(), "sentence_id": f"{field}{sentence.start()}"}
                hits.append(Hit(term=word, surface=word, mode="exact", field=field, start=start, end=start + len(word), **place))  # type: ignore[arg-type]
    return hits


ORIGINAL = (
    "Nordkorea hat am Montag einen Raketentest ausgeführt. Die Rakete flog nach Angaben des Militärs 800 Kilometer weit. "
    "Sie fiel östlich von Wonsan ins Meer, sagte ein Sprecher der Vereinten Nationen. Kim Jong Un habe den Start beobachtet.\n"
    "Es war der dritte Versuch in diesem Jahr, mehr als 11.000 Soldaten waren beteiligt."
)


def rings(later: tuple[Article, Match], *earlier: tuple[Article, Match]) -> tuple[str, ...]:
    told = {fact for each in earlier for fact in facts(*each)}
    known = {fact for made, _ in earlier for fact in context(made)}
    return new_facts(facts(*later), told, known)


def test_facts_come_from_title_lead_and_matched_sentence_only() -> None:
    made = report(
        "Nordkorea meldet Raketentest",
        "Vorspann ohne Zahl, aber lang genug als Absatz.\nEin Raketentest mit elf Raketen.\nSonst: 99 Tote in Berlin.",
    )
    assert facts(*made) == ("country:iso:KP", "number:11")
    assert "number:99" in context(made[0])


def test_a_fact_carries_the_words_that_bring_it() -> None:
    assert found(*report("Raketentest", "Über elf Raketen beim Raketentest in Wonsan."))["number:11"] == "elf"


def test_agencies_and_the_publisher_are_no_facts() -> None:
    made = report(
        "Tagesblatt: Raketentest",
        "Ein Raketentest, berichtet die Agentur Yonhap und das Tagesblatt.",
        source=Source(id="t", name="Tagesblatt"),
    )
    assert facts(*made) == ()


def test_the_year_of_publication_is_no_fact_and_another_year_is() -> None:
    assert facts(*report("Raketentest 2026", "Der erste Raketentest seit 2017.")) == ("year:2017",)


@pytest.mark.parametrize(
    "dateline",
    [
        "Berlin (dpa) – ",
        "SEOUL, 6. Januar – ",
        "Seoul (AFP) - ",
        "SEOUL, Jan 6 (Reuters) - ",
        "Pjöngjang, Nordkorea – ",
        "Seoul/Berlin, 14. März (dpa/AFP) — ",
        "(dpa) - ",
        "BERLIN (AP) — ",
        "Berlin (dpa): ",
    ],
)
def test_a_dateline_brings_no_fact(dateline: str) -> None:
    plain, framed = "Die Armee meldet einen Raketentest.", f"{dateline}Die Armee meldet einen Raketentest."
    assert facts(*report("Raketentest", framed)) == facts(*report("Raketentest", plain)) == ()
    assert len(without_frames(framed)) == len(framed)


@pytest.mark.parametrize(
    "text",
    [
        "Nordkorea – nach eigenen Angaben Atommacht – meldet einen Raketentest.",
        "Kim Jong Un sah in Wonsan einen Raketentest – Japan protestiert.",
        "Das Ziel: Japan. Der Raketentest gelang.",
        "Am Abend begann in Wonsan der Raketentest.",
    ],
)
def test_prose_with_a_dash_or_colon_is_no_dateline(text: str) -> None:
    assert without_frames(text) == text


@pytest.mark.parametrize(
    "frame",
    [
        "Stand: 06.01.2025, 14.30 Uhr",
        "Stand: Montag, 6. Januar 2025 um 14:30 Uhr",
        "(Stand: 14.30 Uhr)",
        "Aktualisiert am 6. Januar 2025, 14.30 Uhr",
        "Last updated at 2:30 p.m. on January 6, 2025",
        "Updated: Jan 6, 2025, 2:30 PM GMT",
        "© 2024 Tagesblatt GmbH, Berlin",
        "Quelle: dpa/AFP",
        "dpa/AFP",
        "dpa-infocom, dpa:250106-930-336214/1",
        "(Reporting by Kim Jong Un in Berlin; editing by 3 people)",
        "Lesen Sie auch: Sieben Fragen zu Japan",
        "Diese Meldung wurde am 07.01.2025 im Deutschlandfunk gesendet.",
    ],
)
@pytest.mark.parametrize("place", ["{frame}\n{text}", "{text}\n{frame}", "{text} {frame}"])
def test_a_copy_in_another_frame_brings_nothing_new(frame: str, place: str) -> None:
    if place.startswith("{text} ") and not re.match(r"\(?(Stand|Aktual|Last up|Updated)", frame):
        place = "{text}\n\n{frame}"
    first = report("Nordkorea: Raketentest", ORIGINAL)
    copy = report("Nordkorea: Raketentest", place.format(text=ORIGINAL, frame=frame))
    assert rings(copy, first) == ()


def test_a_copy_with_a_dateline_a_summary_and_another_cut_brings_nothing_new() -> None:
    first = report("Nordkorea: Raketentest", ORIGINAL, summary="Kurz: ein Raketentest.")
    cut = report("Nordkorea: Raketentest mit Kim Jong Un", "SEOUL (Yonhap) – " + ORIGINAL.split("\n")[1] + " Raketentest.", summary="")
    assert rings(cut, first) == ()


def test_an_edited_reprint_brings_nothing_new() -> None:
    swaps = {"ausgeführt": "vorgenommen", "Angaben": "Auskunft", "weit": "entfernt", "Versuch": "Anlauf", "beobachtet": "verfolgt"}
    first = report("Nordkorea: Raketentest", ORIGINAL)
    edited = ORIGINAL
    for old, new in swaps.items():
        edited = edited.replace(old, new)
    assert edited != ORIGINAL
    assert rings(report("Nordkorea: Raketentest", edited), first) == ()


@pytest.mark.parametrize("seed", range(20))
def test_words_lost_or_moved_in_a_reprint_bring_nothing_new(seed: int) -> None:
    chance = random.Random(seed)
    words = ORIGINAL.split(" ")
    for _ in range(len(words) * 8 // 100):
        del words[chance.randrange(len(words))]
    first = report("Nordkorea: Raketentest", ORIGINAL)
    assert rings(report("Nordkorea: Raketentest", " ".join(words)), first) == ()


@pytest.mark.parametrize(
    ("second", "brought"),
    [
        (ORIGINAL.replace("Montag", "Dienstag"), ("weekday:2",)),
        (ORIGINAL.replace("einen Raketentest", "zwei Raketentest"), ("number:2",)),
        (ORIGINAL.replace("einen Raketentest", "in Pjöngjang einen Raketentest"), ("place:geo:1871859",)),
        (ORIGINAL.replace("am Montag", "am 7. Januar"), ("date:01-07",)),
        (ORIGINAL.replace("einen Raketentest", "mit Sergej Schoigu einen Raketentest"), ("person:list:leaders:schoigu",)),
    ],
)
def test_a_second_event_that_repeats_most_of_the_text_brings_something_new(second: str, brought: tuple[str, ...]) -> None:
    assert rings(report("Nordkorea: Raketentest", second), report("Nordkorea: Raketentest", ORIGINAL)) == brought


def test_a_second_test_eight_hours_later_brings_a_new_time() -> None:
    morning = ORIGINAL.replace("am Montag", "am Montag um 6.30 Uhr")
    evening = ORIGINAL.replace("am Montag", "am Montag um 14.30 Uhr")
    assert rings(report("Raketentest", evening), report("Raketentest", morning)) == ("time:14:30",)


def test_a_time_that_nobody_contradicts_is_nothing_new() -> None:
    added = ORIGINAL.replace("am Montag", "am Montag um 14.30 Uhr")
    assert rings(report("Raketentest", added), report("Raketentest", ORIGINAL)) == ()


def test_a_name_that_contains_a_number_is_no_number() -> None:
    made, match = report("Raketentest", "Die Rakete Wonsan-18 flog beim Raketentest.")
    named = msgspec.structs.replace(
        made,
        entities=(
            Entity(
                id="list:m:18",
                type="other",
                name="Wonsan-18",
                recogniser="t",
                mentions=(Mention(field="body", start=11, end=20, text="Wonsan-18"),),
            ),
        ),
    )
    assert facts(named, match) == ()


def test_the_lead_is_the_summary_or_the_first_paragraph_that_says_something() -> None:
    assert lead(article(summary="Kurz.", body="Lang.")) == "Kurz."
    assert (
        lead(article(body="dpa/AFP\n\nVon Anna Muster\nNordkorea hat am Montag einen Raketentest gemeldet.\nMehr."))
        == "Nordkorea hat am Montag einen Raketentest gemeldet."
    )
    assert lead(article(body="")) == ""


def test_an_empty_article_has_no_facts() -> None:
    made = article(title="", body="")
    assert facts(made, Match(id="m", rule_id="r", rule_version="1", title="T", severity="low", hits=())) == ()
    assert context(made) == ()


def test_the_place_of_the_first_dateline_is_no_news_in_a_copy_that_adds_another() -> None:
    first = report("Raketentest", "Seoul – Die Armee meldet einen Raketentest vor der Küste.")
    assert rings(report("Raketentest", "Berlin (dpa) – Seoul – Die Armee meldet einen Raketentest vor der Küste."), first) == ()
    assert rings(report("Raketentest", "Kurz: in Seoul meldet die Armee einen Raketentest vor der Küste."), first) == ()


def test_a_copy_that_loses_the_word_after_a_number_brings_nothing_new() -> None:
    first = report("Raketentest", "Der Raketentest kostete am 6. Januar 2025 rund 15 Millionen Euro, zwei Millionen mehr.")
    for lost in ("Millionen ", "Januar "):
        copy = "Der Raketentest kostete am 6. Januar 2025 rund 15 Millionen Euro, zwei Millionen mehr.".replace(lost, "")
        assert rings(report("Raketentest", copy), first) == ()

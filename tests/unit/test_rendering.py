"""What a message says, and that nothing of an article is ever more than text in any dialect."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.matched import Snippet
from pipeline.message import HeldBack, Item, Kind, Reporter, Why
from pipeline.rendering import ATOM, DIALECTS, MATRIX, MATTERMOST, PLAIN, SLACK, TELEGRAM, Dialect, Line, Run, lines, subject, written
from pipeline.rendering.cleaning import one_line, spans, web_address
from pipeline.rendering.words import Words
from tests.channels import LINK, NOON, Markup, alert, markdown

# Letters, and everything that means something in one of the dialects, in headers or in templates.
TEXTS = st.text(alphabet=st.sampled_from("ab ß1\\`*_{}[]()#+-.!<>|~$=@:/&;\"'%^\n\r\t\u200b\u202e\u2066\x00\x1b\x85\u2028☢️🚀")) | st.text()
INVISIBLE = {"\u200b", "»", "«"}


def shown(text: str) -> str:
    return "".join(each for each in text if each not in INVISIBLE)


def whole(made: dict[str, Any], dialect: Dialect = PLAIN) -> str:
    return written(lines(made), dialect)


@given(TEXTS)
def test_clean_text_is_one_line_that_steers_nothing_and_stays_the_same_when_cleaned_again(text: str) -> None:
    clean = one_line(text)
    assert clean == one_line(clean)
    assert "".join(clean.split()) == "".join(clean.split(" "))
    assert not [each for each in clean if not each.isprintable() and each not in "\u200c\u200d" and each.isprintable()]
    assert not {"\u202e", "\u2066", "\x00", "\x1b", "\n", "\u2028", "\x85"} & set(clean)


@given(TEXTS, st.lists(st.tuples(st.integers(-2, 40), st.integers(-2, 40))))
def test_the_pieces_of_a_line_are_the_line_whatever_the_marks(text: str, places: list[tuple[int, int]]) -> None:
    pieces = spans(text, [{"start": start, "end": end} for start, end in places])
    assert "".join(each.text for each in pieces) == one_line(text)
    assert all(each.text for each in pieces)


def test_the_marked_piece_is_the_word_at_its_offsets_in_the_text_as_it_came() -> None:
    assert [each.text for each in spans("a\u202e  Rakete b", [{"start": 4, "end": 10}]) if each.marked] == ["Rakete"]
    assert [each.text for each in spans("Rakete", [{"start": "0", "end": None}, 7, {"start": 3, "end": 99}])] == ["Rakete"]


@given(TEXTS)
def test_html_dialects_show_the_text_as_text_only(text: str) -> None:
    for dialect in (TELEGRAM, MATRIX, ATOM):
        parsed = Markup(written([Line("headline", (Run(one_line(text), strong=True, marked=True),))], dialect))
        assert shown(parsed.text) == shown(one_line(text))
        assert set(parsed.tags) <= {"b", "u", "strong", "mark"} and parsed.links == []


@given(TEXTS)
def test_markdown_shows_the_text_as_text_only(text: str) -> None:
    clean = one_line(text)
    found, links, kinds = markdown("x " + written([Line("headline", (Run(clean, strong=True),))], MATTERMOST))
    assert shown(found) == "x " + shown(clean)
    assert links == () and set(kinds) <= {
        "paragraph_open",
        "paragraph_close",
        "inline",
        "text",
        "strong_open",
        "strong_close",
        "text_special",
    }


@given(TEXTS)
def test_a_whole_line_of_markdown_is_no_heading_list_quotation_or_code(text: str) -> None:
    clean = one_line(text)
    found, links, kinds = markdown(written([Line("text", (Run(clean),)), Line("text", (Run(clean),))], MATTERMOST))
    assert links == () and set(kinds) <= {"paragraph_open", "paragraph_close", "inline", "text", "hardbreak", "softbreak", "text_special"}
    assert shown(found).split() == shown(f"{clean} {clean}").split()


@given(TEXTS)
def test_slack_gets_no_character_that_formats_or_mentions(text: str) -> None:
    escaped = SLACK.escape(one_line(text))
    assert not {"<", ">", "*", "_", "~", "`"} & set(escaped.replace("&lt;", "").replace("&gt;", ""))
    assert not [place for place, each in enumerate(escaped) if each == "@" and escaped[place + 1 : place + 2] != "\u200b"]


@given(st.text())
def test_only_web_addresses_become_links_and_none_ends_its_own_markup(text: str) -> None:
    assert web_address(text) == "" or web_address(text).lower().startswith(("http://", "https://"))
    address = web_address(f"https://a.example/{text}")
    assert not set(address) & set(' \n\r\t<>"`|\\^{}')
    for dialect in (TELEGRAM, MATRIX, ATOM):
        assert Markup(dialect.link("x", address)).links == ([address] if address else [""])
    if address:
        links = markdown(MATTERMOST.link("x", address))[1]
        assert len(links) == 1 and links[0].startswith("https://a.example/")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//a.example", "https://", "http://[", "", None, 7]
)
def test_what_is_no_web_address_is_no_link(url: Any) -> None:
    assert web_address(url) == ""
    assert not [run for line in lines(alert() | {"url": url}) for run in line.runs if run.url]


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("why", [*get_args(Why), "heartbeat"])
def test_every_reason_has_words_in_both_languages(why: str, language: str) -> None:
    first = lines(alert(reader_language=language) | {"why": why, "kind": "update"})[0].text
    assert first.split(" · ")[0].isupper()
    assert (why == "first") == first.startswith(("ALARM", "ALERT"))


@pytest.mark.parametrize("kind", [*get_args(Kind), "heartbeat"])
def test_every_kind_makes_a_message_with_a_subject(kind: str) -> None:
    made = alert(reader_language="en") | {"kind": kind, "why": "not_acknowledged" if kind in ("repeat", "escalation") else kind}
    assert subject(made) and whole(made)
    assert ("REMINDER" in whole(made)) == (kind == "repeat") and ("ESCALATION" in whole(made)) == (kind == "escalation")


def test_a_message_says_all_that_people_need() -> None:
    made = alert(
        first_source=Reporter(name="Erster", at=NOON), links={"story": "https://l.example/s", "acknowledge": "https://l.example/a"}
    )
    text = whole(made)
    for words in (
        "NEUE ANGABEN · hoch · Raketentests",
        "Neu: zwei",
        "Nordkorea meldet »Raketentest«",
        "Regel: Raketentests (raketentest)",
        "Treffer: Raketentest",
        "Quelle: Blatt (DE)",
        "Veröffentlicht: 20.11.2026 13:00:00 CET",
        "Umfang: 3 Artikel von 2 Herausgebern",
        "Zuerst gemeldet von: Erster, 20.11.2026 13:00:00 CET",
        f"Artikel: {LINK}",
        "Alle Artikel dazu: https://l.example/s",
        "Bestätigen: https://l.example/a",
        "Ereignis e1 · Nachricht n1",
    ):
        assert words in text
    english = whole(alert(reader_language="en", members=1, sources=1))
    assert "Published: 2026-11-20 13:00:00 CET" in english and "1 article from 1 publisher" in english


def test_a_message_that_is_late_old_or_perhaps_a_repeat_says_so() -> None:
    text = whole(alert() | {"late": True, "old": True, "possible_duplicate": True})
    assert "Kommt verspätet." in text and "Alte Meldung vom 20.11.2026." in text and "Möglicherweise schon einmal gesendet." in text


def test_a_rule_that_nothing_matches_any_more_says_since_when() -> None:
    made = alert(kind="first", why="silent", source=None, headline="", url="") | {"silent_since": "2026-11-20T06:00:00Z"}
    assert (
        "Still seit: 20.11.2026 07:00:00 CET" in whole(made)
        and "unbekannt" not in whole(made)
        and subject(made).startswith("[hoch] ES BLEIBT STILL")
    )


def test_an_exercise_cannot_be_taken_for_an_event() -> None:
    made = alert(kind="drill", why="drill")
    assert subject(made).startswith("[hoch] ÜBUNG") and "Nur eine Übung, kein Ereignis." in whole(made)


def test_a_matched_word_says_which_term_it_belongs_to_and_how() -> None:
    marks = [{"start": 0, "end": 13, "surface": "Raketentests", "term": "Rakete", "mode": "head"}]
    made = alert() | {"headline_marks": marks, "snippet": {}}
    assert "Treffer: Raketentests (Rakete, Grundwort eines Kompositums)" in whole(made)


def test_a_day_without_a_time_is_shown_as_a_day_and_an_unknown_one_as_unknown() -> None:
    dates = {"published_at": "2026-11-20T00:00:00+00:00", "precision": "day"}
    assert "Veröffentlicht: 20.11.2026\n" in whole(alert() | {"dates": dates})
    assert "Veröffentlicht: unbekannt" in whole(alert() | {"dates": {}})


def test_what_a_rule_includes_is_shown_and_nothing_else_of_it() -> None:
    links = {"story": "https://l.example/s", "kibana": "https://l.example/k", "acknowledge": "https://l.example/a"}
    text = whole(alert(include=("lead",), links=links, snippet=Snippet(text="Der Satz.")))
    assert "Ein Vorspann." in text and "Der Satz." not in text and "Treffer" not in text and "Umfang" not in text
    assert "/a" in text and "/s" not in text and "/k" not in text
    assert "l.example/s" in whole(alert(include=("cluster_link",), links=links))


@pytest.mark.parametrize("name", ["items", "held"])
def test_a_message_about_several_lists_each_with_its_link(name: str) -> None:
    item = Item(
        episode_id="e2", rule_title="Beben", severity="low", headline="Beben in X", at=NOON, url=LINK, source="Blatt", members=4, note="neu"
    )
    held = HeldBack(episode_id="e2", headline="Beben in X", url=LINK, source="Blatt", at=NOON)
    changes: dict[str, Any] = {"items": (item, item)} if name == "items" else {"held": (held, held), "held_back": 7}
    made = alert(kind="storm", why="storm", **changes)
    entries = [line for line in lines(made) if line.role == "entry"]
    assert len(entries) == 2 and all("Beben in X" in each.text and any(run.url == LINK for run in each.runs) for each in entries)
    assert ("7 Alarme zurückgehalten" if name == "held" else "2 Ereignisse:") in whole(made)
    changes = {"items": (item,)} if name == "items" else {"held": (held,), "held_back": 1}
    assert ("1 Alarm zurückgehalten" if name == "held" else "1 Ereignis:") in whole(alert(kind="storm", why="storm", **changes))


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.integers(), lambda inner: st.lists(inner), max_leaves=4))
def test_no_value_of_a_single_field_keeps_a_message_from_being_written(value: Any) -> None:
    scalar = not isinstance(value, list)
    for name in (
        "headline",
        "url",
        "lead",
        "text",
        "rule_title",
        "severity",
        "took_seconds",
        "first_seen_at",
        "episode_id",
        "members",
        "time_zone",
    ):
        if scalar:
            assert whole(alert() | {name: value}) and subject(alert() | {name: value})
    for name in ("headline_marks", "new_facts", "items", "held"):
        if not scalar:
            assert whole(alert() | {name: value})


def test_a_marked_word_stays_marked_inside_a_strong_headline_in_every_dialect() -> None:
    line = Line("headline", (Run("a ", strong=True), Run("b", strong=True, marked=True), Run(" c", strong=True)))
    found = {name: shown(dialect.line(line)) for name, dialect in DIALECTS.items()}
    assert found["telegram"] == "<b>a <u>b</u> c</b>" and found["mattermost"] == "**a b c**" and found["slack"] == "*a b c*"
    assert dialect_marks(MATTERMOST.line(line)) == dialect_marks(SLACK.line(line)) == dialect_marks(PLAIN.line(line)) == "»b«"


def dialect_marks(text: str) -> str:
    return text[text.index("»") : text.index("«") + 1]


@pytest.mark.parametrize(
    ("seconds", "german", "english"),
    [
        (0.25, "0,2 s", "0.2 s"),
        (61, "1 min 1 s", "1 min 1 s"),
        (3_600, "1 h", "1 h"),
        (200_000, "2 d 7 h", "2 d 7 h"),
        (-1, "", ""),
        (float("nan"), "", ""),
        ("x", "", ""),
    ],
)
def test_a_duration_is_short_and_never_nonsense(seconds: Any, german: str, english: str) -> None:
    assert (Words("de").duration(seconds), Words("en").duration(seconds)) == (german, english)


def test_a_zone_that_does_not_exist_gives_utc_and_an_unknown_language_english() -> None:
    assert Words("fr", "No/Where").instant("2026-11-20T12:00:00+00:00") == "2026-11-20 12:00:00 UTC"
    assert Words("de").instant("nonsense") == Words("de").instant(None) == ""
    assert Words("de").instant("9999-12-31T23:59:59+00:00") == ""

"""The one analyser: forms, surface forms, sentences, and the map back to the text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.folding import fold
from pipeline.text.hygiene import shown
from pipeline.text.tokens import analyse


def surfaces(text: str) -> list[str]:
    read = analyse(text)
    return [read.surface(token) for token in range(len(read.forms))]


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("Flüchtling", "fluechtling"),
        ("FLÜCHTLING", "fluechtling"),
        ("Flu\u0308chtling", "fluechtling"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Erdoğan", "erdogan"),
        ("İstanbul", "istanbul"),
        ("Σεισμός", "σεισμοσ"),
        ("Raketen-Test", "raketentest"),
        ("O’Brien", "obrien"),
        ("йод", "йод"),
        ("ＮＡＴＯ", "nato"),
        ("हिन्दी", "हिन्दी"),
        ("", ""),
    ],
)
def test_a_word_has_one_folded_form(word: str, form: str) -> None:
    assert fold(word) == form


@given(st.text(st.characters(categories=("L", "N", "M")), max_size=12))
@settings(deadline=None, max_examples=200)
def test_folding_twice_changes_nothing_more(word: str) -> None:
    assert fold(fold(word)) == fold(word)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("Nordkorea meldet einen Raketentest.", ["nordkorea", "meldet", "einen", "raketentest"]),
        ("Raketen-Test, Raketen\u2011Test", ["raketentest", "raketentest"]),
        ("Raketen\u2013Test", ["raketen", "test"]),
        ("Rake\u00adten\u200btest", ["raketentest"]),
        ("Rake-\ntentests", ["raketentests"]),
        ("Raketen-\nTest", ["raketentest"]),
        ("Raketentest-\nund Atomprogramm", ["raketentest", "und", "atomprogramm"]),
        ("Raketentest's und Putin’s Hamas'", ["raketentest", "und", "putin", "hamas"]),
        ("#Raketentest („geheim“)", ["raketentest", "geheim"]),
        ("Flu\u0308chtlinge", ["fluechtlinge"]),
        ("siehe https://example.org/raketentest-live, www.rakete.example oder rakete@example.org", ["siehe", "oder"]),
        ("in example.org/rakete?x=1 steht bericht.pdf", ["in", "steht"]),
        ("U-Boot 2-jährig Covid-19", ["uboot", "2jaehrig", "covid19"]),
        ("北朝鮮が", ["北", "朝", "鮮", "が"]),
        ("ขีปนาวุธ", ["ขี", "ป", "น", "า", "วุ", "ธ"]),
        ("미사일을", ["미", "사", "일", "을"]),
        ("मिसाइल परीक्षण", ["मिसाइल", "परीक्षण"]),
        ("", []),
        ("… – !", []),
    ],
)
def test_a_text_has_these_tokens(text: str, forms: list[str]) -> None:
    assert analyse(text).forms == forms


def test_the_surface_form_is_what_stands_in_the_text_with_whatever_is_inside() -> None:
    text = "Ein Rake\u00adten-\ntest und des Flu\u0308chtling's Raketen-Test"
    assert surfaces(text) == ["Ein", "Rake\u00adten-\ntest", "und", "des", "Flu\u0308chtling", "Raketen-Test"]


def test_a_hyphenated_token_has_parts_with_their_own_places() -> None:
    text = "Der Raketentest-Serie wegen"
    read = analyse(text)
    assert [(form, text[start:end]) for form, start, end in read.parts[1]] == [("raketentest", "Raketentest"), ("serie", "Serie")]
    assert {"raketentestserie", "raketentest", "serie"} <= read.keys()


def test_a_hyphen_at_the_edge_of_a_token_is_told() -> None:
    read = analyse("Raketenstarts und -tests, Atom- und")
    assert [read.hyphen_before(token) for token in range(5)] == [False, False, True, False, False]
    assert [read.hyphen_after(token) for token in range(5)] == [False, False, False, True, False]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Die Rakete flog weit. Ein Test folgte.", ["Die Rakete flog weit.", "Ein Test folgte."]),
        ("Am 20. Januar kam Dr. Müller z. B. nach Köln. Er ging.", ["Am 20. Januar kam Dr. Müller z. B. nach Köln.", "Er ging."]),
        ("Nr. 5 lebt! Wirklich? Ja …", ["Nr. 5 lebt!", "Wirklich?", "Ja …"]),
        ("The U.S. Army left on Jan. 5. It won.", ["The U.S. Army left on Jan. 5. It won."]),
        ("Mr. Smith left in 2023. He won.", ["Mr. Smith left in 2023.", "He won."]),
        ("„Was?“ fragte er. „Nein.“ Ende.", ["„Was?“ fragte er.", "„Nein.“", "Ende."]),
        ("Titel ohne Punkt\n\nDer Text.", ["Titel ohne Punkt", "Der Text."]),
        ("Zwischentitel\nDer Text.", ["Zwischentitel", "Der Text."]),
        ("Diese Zeile wurde von einem Programm bei siebzig Zeichen\nUmgebrochen und endet.", None),
        ("北朝鮮が発射。東京は警戒。", ["北朝鮮が発射。", "東京は警戒。"]),
        ("भारत ने परीक्षण किया। सफल", ["भारत ने परीक्षण किया।", "सफल"]),
        ("3.5 Prozent", ["3.5 Prozent"]),
        (" \n ", []),
    ],
)
def test_a_text_has_these_sentences(text: str, sentences: list[str] | None) -> None:
    assert [text[start:end] for start, end in analyse(text).sentences] == (sentences if sentences is not None else [text])


def test_every_token_knows_its_sentence() -> None:
    read = analyse("Eins zwei. Drei! Vier")
    assert [read.sentence_of(token) for token in range(4)] == [0, 0, 1, 2]


_WORDS = st.sampled_from(["Raketentest", "Flüchtling", "über", "Straße", "Köln", "A", "B52", "Ölpest", "Nordkorea", "Ракета", "naïve"])
_INVISIBLES = st.sampled_from(["\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff", "\u200b\u00ad", "\u00ad\n"])


@given(st.lists(_WORDS, min_size=1, max_size=8), st.data())
@settings(deadline=None, max_examples=200)
def test_injected_invisible_characters_change_no_form_and_every_place_still_holds_the_word(words: list[str], data: st.DataObject) -> None:
    dirty = []
    for word in words:
        if data.draw(st.booleans()):
            word = unicodedata.normalize("NFD", word)
        for at in sorted(data.draw(st.sets(st.integers(1, max(1, len(word) - 1)), max_size=3)), reverse=True):
            if at < len(word) and not unicodedata.combining(word[at]):
                word = word[:at] + data.draw(_INVISIBLES) + word[at:]
        dirty.append(word)
    text = " ".join(dirty)
    read = analyse(text)
    assert read.forms == [fold(word) for word in words]
    assert surfaces(text) == dirty
    assert analyse(shown(text)).forms == read.forms


_ANYTHING = st.lists(
    st.one_of(
        st.text(max_size=6),
        st.sampled_from(["-\n", "-", "'s", "’", "\u00ad", "u\u0308", ". ", "\n\n", "://", "a@b.de", "東", "ก็", "İ", "ŉ"]),
    ),
    max_size=25,
).map("".join)


@given(_ANYTHING)
@settings(deadline=None, max_examples=200)
def test_places_are_in_order_inside_the_text_and_inside_their_sentence(text: str) -> None:
    read = analyse(text)
    assert len(read.forms) == len(read.starts) == len(read.ends)
    assert all(start < end for start, end in zip(read.starts, read.ends, strict=True))
    assert all(end <= start for end, start in zip(read.ends, read.starts[1:], strict=False))
    for token, (start, end) in enumerate(zip(read.starts, read.ends, strict=True)):
        sentence_start, sentence_end = read.sentences[read.sentence_of(token)]
        assert sentence_start <= start < end <= sentence_end
        assert all(start <= part_start <= part_end <= end for _, part_start, part_end in read.parts.get(token, ()))


@pytest.mark.parametrize(
    "hostile",
    ["." * 100_000, "a-" * 50_000, "a\u0301\u0316" * 50_000, "a" + "\u0301" * 100_000, "@" * 100_000, "a." * 50_000, "\u1100" * 100_000],
)
def test_a_hostile_text_is_analysed_in_linear_time(hostile: str) -> None:
    assert len(analyse(hostile).starts) <= len(hostile)


@pytest.mark.parametrize("piece", ["a", "a-", "a's", "a's-", "'s", "-", ".", "\n", "a\u0301-", "北\u0301", "ё-", "ё’s"])
def test_hostile_text_takes_no_more_than_its_length(piece: str) -> None:
    """200,000 characters: a pattern that stepped back over them would take hours, so that the test would never end."""
    read = analyse((piece * 200_000)[:200_000] + "_ end")
    assert read.forms[-1] == "end"

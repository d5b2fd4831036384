"""The shown text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.hygiene import clean, shown


@pytest.mark.parametrize(
    ("raw", "text", "flags"),
    [
        ("", "", ()),
        ("Nordkorea testet „Raketen“ – erneut.\n\nMehr später.", "Nordkorea testet „Raketen“ – erneut.\n\nMehr später.", ()),
        ("GrÃ¼ÃŸe aus KÃ¶ln â€“ â€žMÃ¼deâ€œ", "Grüße aus Köln – „Müde“", ("mojibake_repaired",)),
        ("Nordkorea\nGrÃ¼ÃŸe, Ã la carte", "Nordkorea\nGrüße, à la carte", ("mojibake_repaired",)),
        ("\x84Hallo\x93", "„Hallo“", ("control_characters_removed",)),
        ("a\x00b\x07c\ud800d", "abcd", ("control_characters_removed",)),
        ("nur \u202egespielt\u202c hier\u2066!", "nur gespielt hier!", ("bidi_removed",)),
        ("Hallo\U000e0048\U000e0069", "Hallo", ("hidden_text_removed",)),
        ("Rake\u00adten\u200bte\u2060st\ufeff", "Raketentest", ()),
        ("Raketen\u00ad\ntest", "Raketentest", ()),
        ("Explosion\u00a0in\u3000Beirut\tjetzt", "Explosion in Beirut jetzt", ()),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd", ()),
        ("a \n \n\n  \nb  ", "a\n\nb", ()),
        ("Flu\u0308chtlinge", "Flüchtlinge", ()),
        ("👩\u200d🚒 می\u200cخواهم", "👩\u200d🚒 می\u200cخواهم", ()),
        ("SÃO PAULO, Âncora, Ã", "SÃO PAULO, Âncora, Ã", ()),
    ],
)
def test_the_shown_text_holds_what_people_see(raw: str, text: str, flags: tuple[str, ...]) -> None:
    assert (clean(raw).text, clean(raw).flags) == (text, flags)


def test_a_tower_of_marks_is_limited_before_it_is_composed() -> None:
    cleaned = clean("Z" + "\u0301\u0316" * 50_000 + "algo")
    assert len(cleaned.text) < 40
    assert cleaned.flags == ("marks_limited",)


_HOSTILE = st.sampled_from(
    [
        "\u00ad",
        "\u200b",
        "\u202e",
        "\x00",
        "\x85",
        "\r",
        "\n",
        " ",
        "\u00a0",
        "Ã¼",
        "â€œ",
        "Ã\x9f",
        "u\u0308",
        "\u0308",
        "\ud800",
        "\u2028",
        "\U000e0041",
        "\u1100\u1161",
    ]
)
TEXTS = st.lists(st.one_of(_HOSTILE, st.text(max_size=4)), max_size=30).map("".join)


@given(TEXTS)
@settings(deadline=None, max_examples=200)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = shown(text)
    assert shown(once) == once


@given(TEXTS)
@settings(deadline=None, max_examples=200)
def test_nothing_invisible_or_deceptive_is_left(text: str) -> None:
    found = shown(text)
    assert unicodedata.is_normalized("NFC", found)
    assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in found if each != "\n")
    assert not set(found) & set("\u00ad\u200b\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u00a0\u3000")
    assert "\n\n\n" not in found
    found.encode("utf-8")

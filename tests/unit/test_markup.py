"""HTML to the text a reader sees."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Permanent
from pipeline.text import markup
from pipeline.text.markup import to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("Rauch &amp; Feuer &#8211; &quot;heute&quot;", 'Rauch & Feuer – "heute"'),
        ("<p>Eins</p><p>zwei <b>fett</b>\n und mehr</p>", "Eins\n\nzwei fett und mehr"),
        ("oben<br>unten<br/>ganz unten", "oben\nunten\nganz unten"),
        ("oben<br><br><br><br>unten", "oben\n\nunten"),
        ("<ul><li>a</li><li>b</li></ul>c", "a\nb\n\nc"),
        ("<table><tr><td>Tote</td><td>12</td></tr><tr><td>Verletzte</td><td>3</td></tr></table>", "Tote 12\nVerletzte 3"),
        ("a<script>var p = '<p>x';</script>b<style>p{}</style><!-- weg -->c", "abc"),
        ("<div><div>tief</div></div>flach", "tief\n\nflach"),
        ("Rake<wbr>ten&shy;test", "Raketen\u00adtest"),
        ("5 < 7 & 9 > 3", "5 < 7 & 9 > 3"),
        ("<![CDATA[<p>Feed</p>]]>", "Feed"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("NUL\x00hier<p>x", "NULhier\n\nx"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ('<img src=x onerror="alert(1)">Bild', "Bild"),
        ('<?xml version="1.0" encoding="latin-1"?><meta charset="latin-1"><p>Köln</p>', "Köln"),
        ("<!DOCTYPE html><html><head><title>t</title></head><body>Text</body></html>", "Text"),
    ],
)
def test_markup_becomes_the_text_that_is_seen(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    "bomb",
    [
        "<div>" * 100_000 + "x",
        "<b><i><p>" * 50_000 + "x",
        "<table><tr><td>" * 50_000 + "x",
        "<!--" * 100_000,
        '<a "' * 100_000,
        "&" * 200_000,
        "<" * 200_000,
    ],
)
def test_a_bomb_of_nested_or_broken_markup_is_read_without_recursion(bomb: str) -> None:
    assert len(to_text(bomb)) <= len(bomb)


def test_markup_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "LIMIT_CHARACTERS", 10)
    with pytest.raises(Permanent, match="at most 10") as refused:
        to_text("<p>" + "x" * 10)
    assert refused.value.reason == "too_large"


_PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<br>",
        "<b>",
        "</div>",
        "<div",
        ">",
        "&amp;",
        "&#x110000;",
        "<!--",
        "-->",
        "<script>",
        "\n",
        "  ",
        "ä",
        '"',
        "\ud800",
        "<svg>",
        "</svg>",
    ]
)


@given(st.lists(st.one_of(_PIECES, st.text(max_size=5)), max_size=40))
@settings(deadline=None, max_examples=200)
def test_any_markup_gives_tidy_text(pieces: list[str]) -> None:
    text = to_text("".join(pieces))
    assert "\n\n\n" not in text
    assert text == text.strip(" \n")

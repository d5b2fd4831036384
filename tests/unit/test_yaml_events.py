"""Two parsers, one result: whatever the fast one reads, the thorough one reads in the same way, at the same places."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import yaml_events
from pipeline.located import Located, _built, read_text

BAD = sorted((Path(__file__).parents[1] / "bad_rules").rglob("*.y*ml"))
TEXTS = [text for path in BAD if len(text := path.read_text(encoding="utf-8", errors="replace")) < 5_000]
PIECES = [
    *"{}[]:,-#'\"|>?!&*% \n\\~=@`\u00a0\u2028\ufeff\t",
    *(
        ": ",
        "- ",
        "\n  ",
        "\n- ",
        "|-\n",
        "|+\n",
        "|2\n",
        ">\n",
        "---\n",
        "...\n",
        "''",
        '""',
        "ü",
        "\\n",
        "\\x41",
        "\n\n",
        " #c\n",
        "null",
        "yes",
    ),
    *("0x1f", "0o7", "1_0", ".inf", "1e3", "? ", "<<: ", "\r\n", "😀", "\\/", "\\_", "\\\n", "true", "2026-11-21"),
]


def by_both(text: str) -> tuple[Located, Located] | None:
    """What each parser makes of the text; None when the fast one leaves it to the other."""
    events = yaml_events.quick(text)
    quick = None if events is None else _built(text, "a.yml", events)
    return None if quick is None or quick.problems else (quick, _built(text, "a.yml", yaml_events.thorough(text)))


def same(text: str) -> bool:
    found = by_both(text)
    if found is None:
        return True
    quick, thorough = ((repr(each.data), each.places, each.key_places, each.written, each.problems) for each in found)
    return quick == thorough


@st.composite
def changed_files(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(PIECES)) + text[at + draw(st.sampled_from((0, 0, 1, 2, 8))) :]
    return text


@settings(max_examples=400)
@given(changed_files())
def test_a_file_with_any_change_is_read_in_the_same_way(text: str) -> None:
    assert same(text)


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*PIECES, "a", "b", "Rakete", "1", "a: b\n", "  - c\n"]), max_size=12).map("".join))
def test_any_pieces_of_yaml_are_read_in_the_same_way(text: str) -> None:
    assert same(text)


@pytest.mark.parametrize("text", ["!", "a: !\n", "|+\n...\n", ">#", "a: |\n \n   \n", ">\n\n#b\n", "a:\n", "- \n- b\n", "a: |#d\n  : y"])
def test_what_the_parsers_read_differently_is_left_to_the_thorough_one(text: str) -> None:
    assert by_both(text) is None


def test_the_fast_parser_is_there_and_reads_rules() -> None:
    text = 'schema: news-alerts/v1\nmatch:\n  any: [Rakete, "a ü"]\ntests:\n  - {text: >-\n      x\n      y\n'.replace(
        "{text: >-", "text: >-"
    )
    found = by_both(text)
    assert found is not None
    assert found[0].data == {"schema": "news-alerts/v1", "match": {"any": ["Rakete", "a ü"]}, "tests": [{"text": "x y"}]}


def test_without_the_fast_parser_everything_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a: [1, 'x']\nb: |\n  c\n", "a: [", "a: *b\n"]
    with_it = [read_text(each, "a.yml") for each in texts]
    monkeypatch.setattr(yaml_events, "CParser", None)
    assert [read_text(each, "a.yml") for each in texts] == with_it


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a:\n\tb: c", "not with tabs"),
        ("a: b: c", "put a text that holds a colon in quotes"),
        ("a: [@b]", "put a text that begins with this character in quotes"),
        ('a: "b', "never closed"),
        ('a: "\\d"', "use single quotes"),
        ("a:\n  - b\n - c", "indent"),
        ("a: *b", "in quotes"),
    ],
)
def test_a_mistake_comes_with_what_to_do(text: str, says: str) -> None:
    assert says in str(read_text(text, "a.yml").problems[0])

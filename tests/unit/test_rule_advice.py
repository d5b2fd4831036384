"""Advice on rules whose words are taken in another way than their author may think."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.rules.lint import advice
from pipeline.rules.load import load_folder


def advised(folder: Path, match: str) -> list[str]:
    (folder / "advised.yml").write_text(
        f"schema: news-alerts/v1\nkind: rule\nid: advised\ntitle: T\nmatch: {match}\n",
        encoding="utf-8",
    )
    loaded = load_folder(folder)
    assert loaded.problems == ()
    return [each.message for each in advice(loaded.rules, loaded.files)]


@pytest.mark.parametrize(
    ("match", "says"),
    [
        ('{any: ["#MeToo"]}', "'#MeToo' is found only where # stands right before it; 'MeToo' finds it with and without"),
        ("{query: Disney+}", "'Disney+' is found only where + stands behind it, for German makes no compounds of Disney; for compounds"),
        ("{query: RTL+}", "'RTL+' is found only where + stands behind it"),
        ("{any: [ракета]}", "'ракета' is written in Cyrillic letters and inflects as ru and uk: say so with `langs: [ru, uk]`"),
        (
            "{any: [ракета], langs: [de]}",
            "'ракета' is written in Cyrillic letters, and `langs: [de]` admits no such text: add ru or uk",
        ),
    ],
)
def test_what_signs_and_letters_do_is_told(tmp_path: Path, match: str, says: str) -> None:
    assert [each for each in advised(tmp_path, match) if each.startswith(says)]


@pytest.mark.parametrize("match", ["{query: Raketentest+}", "{any: [ракета], langs: [ru]}", "{any: [C++, 5%, Quandra]}"])
def test_nothing_is_told_where_nothing_else_can_be_meant(tmp_path: Path, match: str) -> None:
    assert not [each for each in advised(tmp_path, match) if "stands" in each or "letters" in each]

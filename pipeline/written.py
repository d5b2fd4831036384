"""From a character of a YAML value back to where it stands in the file, past quotes, escapes, folded lines and indentation."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.located import Located

_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}


def place_of(source: Located, path: Sequence[str | int], offset: int) -> tuple[int, int]:
    """Line and column (from 1) of the character number `offset` of the text at `path`; the place of the value when it cannot be told."""
    found = source.written.get(tuple(path))
    value = source.data
    for part in path:
        value = value[part]
    if found is None or not isinstance(value, str):
        problem = source.problem(path, "")
        return problem.line, problem.column
    start, end, style = found
    index = _index(source.text, start, end, style, value, offset)
    before = source.text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def _index(text: str, start: int, end: int, style: str, value: str, offset: int) -> int:
    """Where in `text` the character stands. Blanks are matched loosely: YAML folds and strips them."""
    at = start
    if style in ("'", '"'):
        at += 1
    elif style in ("|", ">"):
        at = text.find("\n", start) + 1 or end
    for number, letter in enumerate(value):
        if letter.isspace():
            if number == offset:
                return at
            if at < end and text[at].isspace():
                at += 1
            continue
        at, wide = _found(text, at, end, style, letter)
        if number == offset:
            return at
        at += wide
    return min(at, max(start, end - 1 if style in ("'", '"') else end))


def _found(text: str, at: int, end: int, style: str, letter: str) -> tuple[int, int]:
    """Where `letter` is written from `at` on, and how many characters it takes there."""
    while at < end and text[at].isspace():
        at += 1
    if style == '"' and text[at : at + 1] == "\\":
        if text[at + 1 : at + 2] == "\n":
            return _found(text, at + 1, end, style, letter)
        return at, 2 + _HEX_ESCAPES.get(text[at + 1 : at + 2], 0)
    if style == "'" and letter == "'":
        return at, 2
    return at, 1

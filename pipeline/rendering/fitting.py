"""Shortening: first the snippet, then the lead, then lists, then the rest. The article's address and the ids stay, and the beginning of the headline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Alert = Mapping[str, Any]
Cut = Callable[[Alert, int], dict[str, Any]]

_SNIPPET_CHARACTERS = 20_000
# A shorter piece of a sentence says nothing.
_LEAST_SNIPPET_CHARACTERS = 40
# How far a cut moves to the end of a word.
_WORD_CHARACTERS = 30
_TEXT_CHARACTERS = 200
_NAME_CHARACTERS = 100
_HEADLINE_CHARACTERS = 60


def fitted(alert: Alert, fits: Callable[[Alert], bool]) -> dict[str, Any]:
    """`alert` with as little taken away as makes `fits` true; as short as can be when nothing does.

    `fits` says whether the message made of an alert is small enough; a shorter alert must not make a longer message. What was left out of a
    list is counted in `items_left_out`; `shortened` is set when anything was taken away.
    """
    found = dict(alert)
    if fits(found):
        return found
    for cut, least, most in _steps(found):
        found["shortened"] = True
        shortest = cut(found, least)
        if fits(shortest):
            return _longest(found, cut, least, most, fits)
        found = shortest
    return found


def _longest(alert: Alert, cut: Cut, least: int, most: int, fits: Callable[[Alert], bool]) -> dict[str, Any]:
    """The cut that leaves most: `least` fits."""
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if fits(cut(alert, middle)) else (least, middle - 1)
    return cut(alert, least)


def _steps(alert: Alert) -> Iterator[tuple[Cut, int, int]]:
    """What is cut, in order, with the shortest and the longest that it may become."""
    snippet = alert.get("snippet") or {}
    yield _cut_snippet, 0, min(len(snippet.get("text", "")), _SNIPPET_CHARACTERS)
    yield _cut_lead, 0, len(str(alert.get("lead", "")))
    yield _cut_lists, 0, max(len(alert.get("items") or ()), len(alert.get("held") or ()))
    yield _cut_facts, 0, len(alert.get("new_facts") or ())
    yield _cut_text, _TEXT_CHARACTERS, max(len(str(alert.get("text", ""))), _TEXT_CHARACTERS)
    yield _cut_marks, 0, 0
    yield _cut_names, _NAME_CHARACTERS, _NAME_CHARACTERS
    yield _cut_links, 0, len(alert.get("links") or {})
    yield _cut_headline, _HEADLINE_CHARACTERS, max(len(str(alert.get("headline", ""))), _HEADLINE_CHARACTERS)
    yield _cut_address, 0, 0


def _cut_snippet(alert: Alert, length: int) -> dict[str, Any]:
    snippet = alert.get("snippet") or {}
    text = str(snippet.get("text", ""))
    marks = [each for each in snippet.get("marks") or () if isinstance(each, Mapping)]
    first, end = next(((each["start"], each["end"]) for each in _marks_within(marks, 0, len(text))), (0, 0))
    if length < max(end - first, _LEAST_SNIPPET_CHARACTERS):
        return {**alert, "snippet": {}}
    # The first marked word stays: a third of what is left beside it stands before it.
    start = max(min(first - (length - (end - first)) // 3, len(text) - length), 0)
    stop = start + length
    if start and 0 < (blank := text.find(" ", start, first)) < start + _WORD_CHARACTERS:
        start = blank + 1
    if stop < len(text) and (blank := text.rfind(" ", max(end, stop - _WORD_CHARACTERS), stop)) > 0:
        stop = blank
    kept = _marks_within(marks, start, stop)
    before, after = snippet.get("before") or start > 0, snippet.get("after") or stop < len(text)
    return {**alert, "snippet": {**snippet, "text": text[start:stop], "marks": kept, "before": before, "after": after}}


def _marks_within(marks: list[Any], start: int, end: int) -> list[dict[str, Any]]:
    return [
        {**each, "start": each["start"] - start, "end": each["end"] - start}
        for each in marks
        if isinstance(each.get("start"), int) and isinstance(each.get("end"), int) and start <= each["start"] < each["end"] <= end
    ]


def _cut_lead(alert: Alert, length: int) -> dict[str, Any]:
    return {**alert, "lead": _shorter(alert.get("lead", ""), length)}


def _cut_lists(alert: Alert, count: int) -> dict[str, Any]:
    found = dict(alert)
    for name in ("items", "held"):
        listed = list(alert.get(name) or ())
        if len(listed) > count:
            found[name] = [
                {**each, "headline": _shorter(each.get("headline", ""), 200)} for each in listed[:count] if isinstance(each, Mapping)
            ]
            found["items_left_out"] = alert.get("items_left_out", 0) + len(listed) - count
    return found


def _cut_facts(alert: Alert, count: int) -> dict[str, Any]:
    return {**alert, "new_facts": list(alert.get("new_facts") or ())[:count]}


def _cut_text(alert: Alert, length: int) -> dict[str, Any]:
    return {**alert, "text": _shorter(alert.get("text", ""), length)}


def _cut_marks(alert: Alert, _: int) -> dict[str, Any]:
    """Without the matched words in the list below: those in the headline stay marked."""
    marks = [{**each, "surface": "", "term": "", "mode": ""} for each in alert.get("headline_marks") or () if isinstance(each, Mapping)]
    return {**alert, "headline_marks": marks}


def _cut_names(alert: Alert, length: int) -> dict[str, Any]:
    found = dict(alert)
    for name in ("rule_title", "rule_id", "template_problem"):
        if name in found:
            found[name] = _shorter(found[name], length)
    for name in ("source", "first_source"):
        if isinstance(each := found.get(name), Mapping):
            found[name] = {**each, "name": _shorter(each.get("name", ""), length)}
    return found


def _cut_links(alert: Alert, count: int) -> dict[str, Any]:
    return {**alert, "links": dict(list((alert.get("links") or {}).items())[:count])}


def _cut_headline(alert: Alert, length: int) -> dict[str, Any]:
    headline = str(alert.get("headline", ""))
    marks: list[Any] = [each for each in alert.get("headline_marks") or () if isinstance(each, Mapping)]
    if len(headline) > length:
        marks = _marks_within(marks, 0, length - 1)
    return {**alert, "headline": _shorter(headline, length), "headline_marks": marks}


def _cut_address(alert: Alert, _: int) -> dict[str, Any]:
    """The last resort, for an address of thousands of characters: better no link than no message."""
    return {**alert, "url": "", "url_too_long": bool(alert.get("url"))}


def _shorter(text: object, length: int) -> str:
    whole = str(text)
    if len(whole) <= length:
        return whole
    return whole[: length - 1].rstrip() + "…" if length else ""

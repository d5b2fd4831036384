"""Marked text and links as the page gets them.

Marked text travels as parts (`Parts`): plain and marked pieces take turns, beginning with a plain one. So nobody counts characters in the browser,
which counts UTF-16 units while our offsets count code points, and nothing from a feed is ever markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

Parts = tuple[str, ...]

MAX_URL_CHARACTERS = 2_000


def parts(text: str, ranges: Iterable[tuple[int, int]]) -> Parts:
    """The text cut at the ranges: plain, marked, plain, … Overlapping ranges become one; what lies outside the text is passed over."""
    found: list[str] = []
    done = 0
    for start, end in _apart(ranges, len(text)):
        found += [text[done:start], text[start:end]]
        done = end
    return (*found, text[done:])


def _apart(ranges: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(each for each in ranges if 0 <= each[0] < each[1] <= length):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def safe_url(url: str) -> str:
    """The address when a link may lead to it (http or https, with a host), otherwise ''."""
    if len(url) > MAX_URL_CHARACTERS or not url.isprintable() or " " in url or "\\" in url:
        return ""
    try:
        found = urlsplit(url)
    except ValueError:
        return ""
    return url if found.scheme in ("http", "https") and found.hostname else ""

"""The events of a YAML text, each with its place: from a fast parser where that one is sure to say the same, else from a thorough one.

libyaml, by PyYAML, is about ten times as fast as ruamel.yaml (measured 2026-11-21), but speaks YAML 1.1 and explains mistakes less well. Where the two
could differ, and for every text with a mistake, ruamel.yaml decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode

from pipeline.errors import why_unreadable

try:
    from yaml.cyaml import CParser  # type: ignore[import-untyped]  # PyYAML carries no types
except ImportError:  # a PyYAML built without libyaml
    CParser = None

Event = Any  # either parser's: the names of their classes and attributes are the same

# What the two parsers read differently: unusual characters, tabs and other line ends; directives; complex keys; escaped slashes; odd beginnings of blocks.
_UNSURE = re.compile(
    r"[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|^%|^[ \-]*\?(?: |$)|[{\[,] *\?|\\/|[|>][-+0-9]*(?:#| *\n *\n)",
    re.MULTILINE,
)
_FIRST_NODE = 2  # after the starts of the stream and the document


# What the parser says, and what a person is to do about it.
_ADVICE = (
    ("'\\t'", "indent with blanks, not with tabs"),
    ("mapping values are not allowed", "put a text that holds a colon in quotes, and check that the lines are indented alike"),
    ("found '<scalar>'", "put the whole value in quotes when a part of it stands in quotes, and indent the entries of one block alike"),
    ("expected <block end>", "indent the entries of one block alike, each of a list after '- '"),
    ("could not find expected ':'", "write `name: value`, with a blank after the colon"),
    ("that cannot start any token", "put a text that begins with this character in quotes"),
    ("unexpected end of stream", "a quote or bracket above is never closed"),
    (
        "but got ':'",
        "put a text that holds a colon in quotes; or a comma is missing, or a list in [brackets] or a block in {braces} is not closed",
    ),
    (
        "expected ',' or",
        "a list in [brackets] or a block in {braces} is not closed, or a comma is missing; a # begins a comment unless it stands in quotes",
    ),
    ("expected the node content", "a value is missing here, or it begins with a character that must stand in quotes: a # begins a comment"),
    ("unknown escape character", "in double quotes write \\\\ for a backslash, or use single quotes"),
)


class Unreadable(Exception):
    """The text is no YAML; the message says why. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line, self.column = line, column


def quick(text: str) -> Iterator[Event] | None:
    """The events by libyaml, or None when it is not there or could read the text differently. They raise Unreadable."""
    return None if CParser is None or _UNSURE.search(text) else _quick(text)


def _quick(text: str) -> Iterator[Event]:
    parser = CParser(text)
    try:
        for number in count():
            event = parser.get_event()
            if event is None:
                return
            if getattr(event, "value", None) == "" and event.start_mark.index == event.end_mark.index:
                raise Unreadable("the parsers place an empty value differently")
            if getattr(event, "tag", None) or (number == _FIRST_NODE and hasattr(event, "value")):
                raise Unreadable("the parsers read tags, and a text that is one block of text, differently")
            yield event
    except Unreadable:
        raise
    except Exception as error:  # whatever it does not like, the thorough parser explains
        raise Unreadable(repr(error)[:200]) from error
    finally:
        parser.dispose()


def thorough(text: str) -> Iterator[Event]:
    """The events by ruamel.yaml. They raise Unreadable."""
    try:
        yield from YAML(typ="safe", pure=True).parse(text)  # the round-trip reader leaves marks in folded text
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = str(error.problem or error.context)
        raise Unreadable(said + next((f"; {advice}" for words, advice in _ADVICE if words in said), ""), *place) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(why_unreadable(error).splitlines()[0]) from error


_resolver = YAML(typ="safe", pure=True).resolver


def tag_of(plain: str) -> str:
    """The kind of a plain scalar as YAML 1.2's core schema sees it, such as `tag:yaml.org,2002:int`."""
    return _remembered_tag(plain) if len(plain) <= _REMEMBERED_CHARACTERS else _tag(plain)


def _tag(plain: str) -> str:
    return str(_resolver.resolve(ScalarNode, plain, (True, False)))


_REMEMBERED_CHARACTERS = 40
_remembered_tag = lru_cache(maxsize=20_000)(_tag)

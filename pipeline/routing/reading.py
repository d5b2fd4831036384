"""How the files beside the rules write what several of their kinds share: matchers, names, times."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal, TypeVar, get_args

from pipeline.episode import Matcher
from pipeline.located import Located, nearest
from pipeline.message import Kind
from pipeline.routing.model import ZONE, Times
from pipeline.routing.wall_clock import instant, is_zone
from pipeline.rules.model import SEVERITIES, Severity
from pipeline.rules.reading import Block, Names

T = TypeVar("T")

Sort = Literal["receiver", "receiver or roster", "interval"]
MatcherField = Literal["rule", "tag", "severity", "owner", "episode", "story", "source", "country", "kind"]
MATCHER_FIELDS: tuple[MatcherField, ...] = get_args(MatcherField)
MATCH = Names((*MATCHER_FIELDS, "not"))
NOT = Names(MATCHER_FIELDS)
NAME = r"[\w][\w .@-]{0,99}"
SAY_NAME = "a name of letters, digits, blanks and . @ - _ such as lagezentrum"
_WEEKDAYS = {name: number for names in ("mon tue wed thu fri sat sun", "mo di mi do fr sa so") for number, name in enumerate(names.split())}
_TIMES = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])-([01]?[0-9]|2[0-4]):([0-5][0-9])")


@dataclass(frozen=True)
class Reference:
    """A name that must be declared somewhere, and where it is used."""

    sort: Sort
    name: str
    path: tuple[str | int, ...]


@dataclass
class Reading:
    """One file while it is read: what it refers to is checked when all files are known."""

    source: Located
    references: list[Reference] = field(default_factory=list)
    declared: dict[tuple[str, str], tuple[str | int, ...]] = field(default_factory=dict)

    def refers(self, block: Block, name: str, sort: Sort) -> tuple[str, ...]:
        """The names listed under `name`, remembered as references; one name alone may stand without a list."""
        found = block.texts(name, single=True)
        for number, each in enumerate(found):
            path = (*block.path, name, number) if isinstance(block.values.get(name), list) else (*block.path, name)
            self.references.append(Reference(sort, each, path))
        return tuple(dict.fromkeys(found))

    def declares(self, block: Block, kind: str, key: str = "name") -> str:
        """The name that the block declares; complains of one that this file has already."""
        name = block.text(key, required=True, pattern=NAME, say=SAY_NAME)
        if name and (kind, name) in self.declared:
            block.complain(key, f"{name!r} stands here twice: keep one, or choose another name")
        elif name:
            self.declared[(kind, name)] = (*block.path, key)
        return name


class Top(Block):
    """The whole file as a block."""

    def _called(self) -> str:
        return "the file"


def matchers(block: Block, name: str, *, required: bool = False, without: Collection[str] = ()) -> tuple[Matcher, ...]:
    """What stands under `name`: fields with one value or several, those of `not` negative. `without` are fields that make no sense here."""
    if name not in block:
        if required:
            block.complain(None, f"`{name}` is missing: say what it is about, such as `{name}: {{rule: raketentest}}`")
        return ()
    top = block.block(name, MATCH)
    found = [*_matchers(top, False, without), *(_matchers(top.block("not", NOT), True, without) if "not" in top else [])]
    if required and not found:
        block.complain(name, f"`{name}` says nothing: name at least one of {', '.join(MATCHER_FIELDS)}")
    return tuple(found)


def _matchers(block: Block, negative: bool, without: Collection[str]) -> list[Matcher]:
    found = []
    for each in MATCHER_FIELDS:
        if each not in block:
            continue
        if each in without:
            block.complain(
                each, f"`{each}` cannot be used here: use {', '.join(name for name in MATCHER_FIELDS if name not in without)}", at_key=True
            )
        values = _checked(block, each)
        if values:
            found.append(Matcher(field=each, values=values, negative=negative))
    return found


def _checked(block: Block, name: MatcherField) -> tuple[str, ...]:
    values = block.texts(name, single=True)
    if not values and isinstance(block.values[name], list) and not block.values[name]:
        block.complain(name, f"`{name}` is empty: name a value, or leave it out")
    options = {"severity": SEVERITIES, "kind": get_args(Kind)}.get(name)
    for number, each in enumerate(values if options else ()):
        if options and each not in options:
            place = number if isinstance(block.values[name], list) else None
            message = f"{each!r} is no {name}: use {', '.join(options)}.{nearest(each, options)}"
            block.source.problems.append(block.source.problem((*block.path, name, *(() if place is None else (place,))), message))
    return values


def zone(block: Block, name: str = "tz", default: str = ZONE) -> str:
    found = block.text(name, default)
    if not is_zone(found):
        block.complain(name, f"there is no time zone {found!r}: write an IANA name such as Europe/Berlin")
        return default
    return found


def severity(block: Block, name: str, default: Severity | Literal[""]) -> Severity | Literal[""]:
    if name not in block:
        return default
    found: Severity | Literal["never"] = block.choice(name, (*SEVERITIES, "never"), "never")
    return "" if found == "never" else found


def weekdays(block: Block, name: str) -> tuple[int, ...]:
    """Monday is 0. `[mon-fri]`, `[sat, sun]` or `[mo-fr]`; every day when the name is missing."""
    found: set[int] = set()
    texts = block.texts(name, single=True)
    for number, text in enumerate(texts):
        first, _, last = text.lower().partition("-")
        start, end = _WEEKDAYS.get(first.strip()), _WEEKDAYS.get((last or first).strip())
        if start is None or end is None:
            block.source.problems.append(
                block.source.problem((*block.path, name, number), f"{text!r} is no weekday: write mon-fri, sat or so")
            )
        else:
            found.update(each % 7 for each in range(start, end + 1 if end >= start else end + 8))
    return tuple(sorted(found)) or tuple(range(7))


def times(block: Block, name: str) -> tuple[Times, ...]:
    """`["07:00-19:00"]`; past midnight when the end is not later than the start."""
    found = []
    for number, text in enumerate(block.texts(name, single=True)):
        read = _TIMES.fullmatch(text.replace(" ", ""))
        start, end = (int(read[1]) * 60 + int(read[2]), int(read[3]) * 60 + int(read[4])) if read else (-1, -1)
        if read is None or start >= 1_440 or end > 1_440:
            message = f"{text!r} is no time of the day: write one such as '07:00-19:00'"
            block.source.problems.append(block.source.problem((*block.path, name, number), message))
        else:
            found.append(Times(start, end))
    return tuple(found)


def day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def moment(block: Block, name: str, zone_name: str) -> datetime:
    """An instant such as 2026-11-20T18:00; without a zone it is a time in `zone_name`."""
    text = block.text(name, required=True)
    try:
        found = datetime.fromisoformat(text.strip())
        return found.astimezone(UTC) if found.tzinfo else instant(found, zone_name)
    except (ValueError, OverflowError):
        if text:
            block.complain(name, f"`{name}` is {text!r}; it must be a time such as 2026-11-20T18:00 or 2026-11-20T18:00+01:00")
        return datetime(1970, 1, 1, tzinfo=UTC)

"""One block of a rule file, read name by name; every fault becomes a problem at its place and reading goes on."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.located import Located, nearest
from pipeline.rules.faults import meant_language

T = TypeVar("T", bound=str)

MAX_TEXT_CHARACTERS = 20_000
MAX_LIST_ITEMS = 2_000

_DURATION = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_KINDS = {
    dict: "a block of names",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "nothing",
}


_MOST_LISTED_NAMES = 16
# What people write who come from other tools, or who think in words: the names that they mean.
_MEANT: dict[str, tuple[str, ...]] = {
    "not": ("none",), "without": ("none",), "and": ("all",), "or": ("any",), "keywords": ("any",), "terms": ("any",), "words": ("any",),
    "at_least": ("gte", "min"), "threshold": ("gte", "min"), "count": ("gte",), "within": ("over",), "window": ("over",), "for": ("over",),
    "when": ("match",), "if": ("match",), "labels": ("match",), "receiver": ("to", "route"), "receivers": ("to", "route"), "channel": ("to", "route"),
    "until": ("ends", "expires"), "end": ("ends",), "from": ("starts",), "start": ("starts",), "comment": ("reason",), "name": ("id", "title"),
    "language": ("langs", "lang"), "languages": ("langs",), "lang": ("langs",), "priority": ("severity",), "level": ("severity",),
    "enabled": ("status",), "disabled": ("status",), "days": ("weekdays",), "timezone": ("tz",), "expire": ("expires",),
    "active": ("hours",), "active_hours": ("hours",), "word": ("term",),
}  # fmt: skip


_LANGUAGE = ("lang", "langs", "language", "languages")
# What is meant where it needs more than another name: what to write, where that name may stand.
_WRITE: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("modifier", "compounds"), ("compound", "compound: [head, modifier]")),
    "head": ("compound", "compound: [head]"),
    **dict.fromkeys(("case", "case_sensitive", "whole_word"), ("exact", "exact: true")),
    **dict.fromkeys(_LANGUAGE, ("compound", "langs: [{value}]` under `match")),
}


@dataclass(frozen=True)
class Names:
    """The names a block may have, those at home elsewhere (`match`, or as `match.langs` under another name), and those that may be null, which is as
    if they were not there.
    """

    works: Collection[str]
    elsewhere: Mapping[str, str] | None = None
    nullable: Collection[str] = ()


class Block:
    """A mapping of the file at `path`. Each reader returns its default when the name is missing or its value is wrong."""

    def __init__(self, source: Located, path: tuple[str | int, ...], names: Names) -> None:
        self.source, self.path, self.names = source, path, names
        value = _at(source.data, path)
        written: dict[str, Any] = value if isinstance(value, dict) else {}
        self.values = {name: each for name, each in written.items() if each is not None or name not in names.nullable}
        self._unreadable = False
        if value is not None and not isinstance(value, dict):
            such = f": write names with values, such as `{_one_of(names.works)}: …`" if names.works else ""
            self.complain(None, f"{self._called()} must be a block of names, not {_kind(value)}{such}")
            self._unreadable = True
        for name in self.values:
            self._check_name(name)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def complain(self, name: str | int | None, message: str, *, at_key: bool = False) -> None:
        """A problem at the value (or key) of `name`, or of the block. One that is no block at all lacks everything: that is said once."""
        if self._unreadable and name is None:
            return
        path = self.path if name is None else (*self.path, name)
        self.source.problems.append(self.source.problem(path, message, at_key=at_key))

    def text(self, name: str, default: str = "", *, required: bool = False, pattern: str = "", say: str = "") -> str:
        value: str = self._typed(name, str, default, required=required)
        if len(value) > MAX_TEXT_CHARACTERS:
            self.complain(name, f"`{name}` has {len(value)} characters; at most {MAX_TEXT_CHARACTERS}")
            return default
        if required and name in self and not value.strip():
            self.complain(name, f"`{name}` is empty")
        if pattern and name in self and value != default and not re.fullmatch(pattern, value):
            self.complain(name, f"`{name}` is {value!r}; it must be {say}")
            return default
        return value

    def choice(self, name: str, options: Collection[T], default: T) -> T:
        value = self._typed(name, str, str(default))
        for option in options:
            if value == option:
                return option
        self.complain(name, f"`{name}` is {value[:60]!r}; it must be one of {', '.join(options)}.{nearest(value, options)}")
        return default

    def flag(self, name: str, default: bool = False, *, required: bool = False) -> bool:
        value: bool = self._typed(name, bool, default, required=required)
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value: int = self._typed(name, int, default)
        if not low <= value <= high:
            self.complain(name, f"`{name}` is {value}; it must be from {low} to {high}")
            return default
        return value

    def decimal(self, name: str, default: float, low: float, high: float) -> float:
        """A whole or broken number."""
        if type(self.values.get(name)) is int:
            return float(self.number(name, 0, math.ceil(low), math.floor(high)))
        value: float = self._typed(name, float, default)
        if value != default and not low <= value <= high:
            self.complain(name, f"`{name}` is {value:g}; it must be from {low:g} to {high:g}")
            return default
        return value

    def seconds(self, name: str, default: int) -> int:
        """A duration such as 90s, 30m, 24h or 7d."""
        if name not in self:
            return default
        value = self.values[name]
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if not found or int(found[1]) * _SECONDS[found[2]] > 366 * 86_400:
            self.complain(name, f"`{name}` is {value!r}; it must be a time of at most a year such as 90s, 30m, 24h or 7d")
            return default
        return int(found[1]) * _SECONDS[found[2]]

    def texts(self, name: str, *, single: bool = False) -> tuple[str, ...]:
        """A list of texts; with `single`, one text alone will do."""
        value = self.values.get(name, [])
        if single and isinstance(value, str):
            value = [value]
        found = []
        for number, each in enumerate(self.items(name, value)):
            if isinstance(each, str) and each.strip():
                found.append(each)
            else:
                self.source.problems.append(
                    self.source.problem((*self.path, name, number), f"each of `{name}` must be text, not {_kind(each)}{_quote_hint(each)}")
                )
        return tuple(found)

    def each(self, name: str, found: tuple[str, ...], pattern: str, say: str) -> tuple[str, ...]:
        """`found`, the texts of this name, after a complaint about each that does not have the pattern."""
        for number, value in enumerate(found):
            if not re.fullmatch(pattern, value):
                self.source.problems.append(self.source.problem((*self.path, name, number), f"{value!r} is not {say}"))
        return found

    def items(self, name: str, value: Any = None) -> list[Any]:
        """The list of this name, [] when it is missing."""
        value = self.values.get(name, []) if value is None else value
        if not isinstance(value, list):
            self.complain(name, f"`{name}` must be a list, not {_kind(value)}: begin each line with '- '")
            return []
        if len(value) > MAX_LIST_ITEMS:
            self.complain(name, f"`{name}` has {len(value)} entries; at most {MAX_LIST_ITEMS}: split the rule")
            return []
        return value

    def block(self, name: str, names: Names, number: int | None = None) -> Block:
        """The block of this name or, with `number`, the block at that place of the list of this name."""
        return Block(self.source, (*self.path, name) if number is None else (*self.path, name, number), names)

    def _typed(self, name: str, wanted: type[Any], default: Any, *, required: bool = False) -> Any:
        if name not in self.values:
            if required:
                self.complain(None, f"{self._called()} needs `{name}`")
            return default
        value = self.values[name]
        if type(value) is not wanted:
            self.complain(name, f"`{name}` must be {_KINDS[wanted]}, not {_kind(value)}{_quote_hint(value) if wanted is str else ''}")
            return default
        return value

    def _check_name(self, name: str) -> None:
        if name in self.names.works:
            return
        elsewhere = (self.names.elsewhere or {}).get(name)
        if elsewhere:
            where, _, other = elsewhere.partition(".")
            self.complain(name, f"`{name}` belongs under `{where}`" + (f", as `{other}`" if other else ""), at_key=True)
        else:
            self.complain(
                name,
                f"unknown name {name[:60]!r} in {self._called()}.{_suggestion(name, self.values[name], self.names.works)}",
                at_key=True,
            )

    def _called(self) -> str:
        names = [str(part) for part in self.path if isinstance(part, str)]
        return f"`{names[-1]}`" if names else "the rule"


def _suggestion(name: str, value: Any, works: Collection[str]) -> str:
    """What was probably meant; all names that there are, when they are few and none comes near."""
    meant = next((each for each in _MEANT.get(name.lower(), ()) if each in works), "")
    if meant:
        return f" Did you mean {meant!r}?"
    needed, write = _WRITE.get(name.lower(), ("", ""))
    if needed in works:
        return f" Write `{write.format(value=_languages(value))}`."
    listed = f" Here may stand: {', '.join(works)}." if 0 < len(works) <= _MOST_LISTED_NAMES else ""
    return nearest(name.lower(), works) or listed


def _languages(value: Any) -> str:
    """The codes of the languages that were written; German where none can be meant."""
    names = value if isinstance(value, list) else [value]
    return ", ".join(dict.fromkeys(filter(None, (meant_language(each) for each in names if isinstance(each, str))))) or "de"


def _one_of(works: Collection[str]) -> str:
    return next((each for each in works if each not in ("schema", "kind")), next(iter(works)))


def _at(data: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), type(value).__name__)


def _quote_hint(value: Any) -> str:
    """YAML reads 112 as a number and true as a truth value; quoted they are text."""
    return f" (write '{value}' in quotes)" if isinstance(value, bool | int | float) else ""

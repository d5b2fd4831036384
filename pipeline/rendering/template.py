"""A rule's own wording: a Jinja2 template that can say less than Jinja2, so that it always ends, stays small, and reaches nothing but the alert.

Allowed are text, `{{ name.of.field }}`, `{% if %}`, `{% for %}` (at most two inside each other), comparisons, and the filters of `_FILTERS`. Not
allowed are calls, assignments, macros, arithmetic, and templates that include others: with those a few lines could run for ever or fill the memory.
Everything that is put in is escaped for the channel. A name that the alert does not have is an error, never an empty text.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipeline.errors import LagebildError
from pipeline.rendering.cleaning import one_line, spans, web_address
from pipeline.rendering.dialects import DIALECTS, Dialect
from pipeline.rendering.lines import Line, Run
from pipeline.rendering.words import words_for

MAX_SOURCE_CHARACTERS = 20_000
MAX_OUTPUT_CHARACTERS = 200_000
MAX_SECONDS = 1.0
_MAX_LOOPS = 2
_MAX_LISTED = 200
_MAX_NODES = 2_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const, nodes.Filter, nodes.Test,
    nodes.If, nodes.For, nodes.CondExpr, nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand, nodes.Keyword,
)  # fmt: skip
# Optional fields of the JSON object, so that a template may ask for them.
_ABSENT: Mapping[str, Any] = {
    "links": {}, "items": [], "held": [], "new_facts": [], "include": [], "tags": [], "headline_marks": [], "text": "", "lead": "", "headline": "",
    "url": "", "source": None, "first_source": None, "first_seen_at": None, "took_seconds": None, "snippet": {}, "dates": {}, "members": 1,
    "sources": 1, "situation_episodes": 1, "items_left_out": 0, "held_back": 0, "late": False, "old": False, "possible_duplicate": False,
}  # fmt: skip


class BadTemplate(LagebildError):
    """A template that cannot be used; the message says why, and where."""


class _Written(str):
    """Text that is in the channel's dialect already."""


def prepared(alert: Mapping[str, Any], templates: Path, time_zone: str) -> dict[str, Any]:
    """`alert` with its readers' zone, and with the text of the template that its rule names: `NAME.j2` in the folder `templates`.

    A template that cannot be read is said in `template_problem`: the message goes out in the usual form and says so.
    """
    found = {"time_zone": time_zone, **alert}
    if name := str(alert.get("template") or ""):
        try:
            found["template_source"] = _read(templates, name)
        except BadTemplate as error:
            found["template_problem"] = str(error)
    return found


def _read(folder: Path, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadTemplate(f"{name[:64]!r} is no name of a template: letters, digits, hyphens and underscores")
    path = folder / f"{name}.j2"
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MAX_SOURCE_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise BadTemplate(f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def problem(source: str) -> str:
    """Why `source` cannot be a template, with its line, or "" when it can. Fields that an alert lacks show only when it is used."""
    try:
        _compiled(source, "plain")
    except BadTemplate as error:
        return str(error)
    return ""


def rendered(source: str, alert: Mapping[str, Any], dialect: Dialect, *, max_seconds: float = MAX_SECONDS) -> str:
    """What the template `source` makes of `alert` in `dialect`. Raises BadTemplate.

    The template sees the fields of the alert, and `marked_headline` and `marked_snippet`, which are written with their marks already.
    """
    until = time.monotonic() + max_seconds
    template = _compiled(source, dialect.name)
    words = words_for(alert)
    about = _bounded({**_ABSENT, **alert}, until)
    about["marked_headline"] = _marked(alert.get("headline", ""), alert.get("headline_marks"), dialect)
    snippet = alert.get("snippet") or {}
    about["marked_snippet"] = _marked(snippet.get("text", ""), snippet.get("marks"), dialect)
    pieces, size = [], 0
    try:
        for piece in template.generate(about, _words=words, _dialect=dialect):
            size += len(piece)
            if size > MAX_OUTPUT_CHARACTERS:
                raise BadTemplate(f"it writes more than {MAX_OUTPUT_CHARACTERS:,} characters")
            if time.monotonic() > until:
                raise BadTemplate(f"it takes longer than {max_seconds:g} s")
            pieces.append(piece)
    except BadTemplate:
        raise
    except Exception as error:  # whatever an expression of a template can raise
        raise BadTemplate(one_line(f"{type(error).__name__}: {error}")[:200]) from None
    return "".join(pieces).strip()


def _marked(text: object, marks: object, dialect: Dialect) -> _Written:
    runs = tuple(Run(each.text, marked=each.marked) for each in spans(text, marks))
    return _Written(dialect.line(Line("text", runs)))


class _Listed(Sequence[Any]):
    """A list of the alert, at most 200 of it, that ends with its template's time."""

    def __init__(self, items: Sequence[Any], until: float) -> None:
        self._items = items[:_MAX_LISTED]
        self._until = until

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __iter__(self) -> Iterator[Any]:
        for each in self._items:
            if time.monotonic() > self._until:
                raise BadTemplate("it takes too long")
            yield each


def _bounded(value: Any, until: float) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _bounded(each, until) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return _Listed([_bounded(each, until) for each in value[:_MAX_LISTED]], until)
    return value


class _Environment(ImmutableSandboxedEnvironment):
    """Fields are keys of the JSON object and nothing else: no attribute of a Python object can be reached."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping) and argument in obj:
            return obj[argument]
        if isinstance(obj, _Listed) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=argument)


@lru_cache(maxsize=200)
def _compiled(source: str, dialect_name: str) -> jinja2.Template:
    if len(source) > MAX_SOURCE_CHARACTERS:
        raise BadTemplate(f"it has more than {MAX_SOURCE_CHARACTERS:,} characters")
    dialect = DIALECTS[dialect_name]
    environment = _Environment(
        undefined=jinja2.StrictUndefined, finalize=_finalizer(dialect), trim_blocks=True, lstrip_blocks=True, autoescape=False, cache_size=0
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.filters.update(_filters(dialect))
    environment.tests = {
        name: environment.tests[name] for name in ("defined", "undefined", "none", "eq", "ne", "lt", "le", "gt", "ge", "in")
    }
    try:
        _check(environment.parse(source).body, 0, [0])
        return environment.from_string(source)
    except jinja2.TemplateSyntaxError as error:
        raise BadTemplate(f"line {error.lineno}: {error.message}") from None
    except RecursionError:
        raise BadTemplate("it is nested too deeply") from None


def _check(listed: Iterable[nodes.Node], loops: int, count: list[int]) -> None:
    for node in listed:
        count[0] += 1
        if count[0] > _MAX_NODES:
            raise BadTemplate(f"it has more than {_MAX_NODES:,} parts")
        if not isinstance(node, _ALLOWED):
            raise BadTemplate(f"line {node.lineno}: {type(node).__name__} is not allowed in templates of messages")
        if isinstance(node, nodes.Name) and (node.name == "self" or node.name.startswith("_")):
            raise BadTemplate(f"line {node.lineno}: {node.name} is no field of an alert")
        inside = loops + isinstance(node, nodes.For)
        if inside > _MAX_LOOPS or (isinstance(node, nodes.For) and node.recursive):
            raise BadTemplate(f"line {node.lineno}: more than {_MAX_LOOPS} loops inside each other")
        _check(node.iter_child_nodes(), inside, count)


def _finalizer(dialect: Dialect) -> Any:
    def finalized(value: Any) -> str:
        if isinstance(value, _Written):
            return value
        if isinstance(value, jinja2.Undefined):
            return str(value)  # raises, and names what is missing
        if not isinstance(value, str | int | float | None):
            raise BadTemplate("an object or a list cannot be shown as a whole: name a field of it, or use join or a loop")
        return dialect.escape("" if value is None else one_line(value))

    return finalized


def _filters(dialect: Dialect) -> dict[str, Any]:
    def join(value: Iterable[Any], between: str = ", ", attribute: str = "") -> str:
        listed = [each.get(attribute, "") if isinstance(each, Mapping) else each for each in value]
        return str(between)[:20].join(one_line(each) for each in listed[:_MAX_LISTED])[:MAX_OUTPUT_CHARACTERS]

    def shorten(value: Any, length: int = 100) -> str:
        text = one_line(value)
        return text if len(text) <= length else text[: max(length - 1, 0)] + "…"

    def link(url: Any, label: Any = "") -> str:
        address = web_address(url)
        return _Written(dialect.link(dialect.escape(one_line(label) or address), address)) if address else one_line(label)

    def strong(value: Any) -> _Written:
        return _Written(dialect.strong[0] + (value if isinstance(value, _Written) else dialect.escape(one_line(value))) + dialect.strong[1])

    def default(value: Any, other: Any = "") -> Any:
        return other if isinstance(value, jinja2.Undefined) or value is None or value == "" else value

    return {
        "default": default,
        "duration": jinja2.pass_context(lambda context, value: context["_words"].duration(value)),
        "join": join,
        "length": len,
        "link": link,
        "lower": lambda value: one_line(value).lower(),
        "severity": jinja2.pass_context(lambda context, value: context["_words"].of(f"severity.{value}") or one_line(value)),
        "shorten": shorten,
        "strong": strong,
        "time": jinja2.pass_context(lambda context, value: context["_words"].instant(value)),
        "upper": lambda value: one_line(value).upper(),
    }

"""YAML read with the place of every value, so that an error names file, line and column.

Aliases and anchors are refused (they are how a small file becomes a huge one), as are duplicate keys, tags, and files beyond the limits.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydantic

from pipeline import yaml_events
from pipeline.errors import Problem, why_unreadable

MAX_BYTES = 1_000_000
MAX_DEPTH = 30

# Under this name a model's field says in words what its pattern allows; editors that know JSON Schema (VS Code's, for one) show it as well.
ALLOWED = "patternErrorMessage"

Path_ = tuple[str | int, ...]


@dataclass
class Located:
    """The data of one YAML file and where each value stands (line and column count from 1).

    `written` says for each text value from where to where it stands in `text`, and in which style (`'`, `"`, `|`, `>` or plain).
    """

    file: str
    data: Any = None
    places: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    key_places: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    text: str = ""
    written: dict[Path_, tuple[int, int, str]] = field(default_factory=dict)

    def problem(self, path: Sequence[str | int], message: str, *, at_key: bool = False) -> Problem:
        """A problem at the value (or its key) named by `path`, or at its nearest known parent."""
        wanted = tuple(path)
        while wanted and wanted not in self.places:
            wanted = wanted[:-1]
            at_key = False
        return self.problem_at((self.key_places if at_key else self.places).get(wanted, (1, 1)), message)

    def problem_at(self, place: tuple[int, int], message: str) -> Problem:
        """A problem at this line and column."""
        return Problem(self.file, *place, message)


def read(path: Path, name: str | None = None, max_bytes: int = MAX_BYTES) -> Located:
    """The file's data with places; what is wrong stands in `problems`, and then `data` is None. Never raises for bad content."""
    located = Located(name or str(path))
    try:
        if path.stat().st_size > max_bytes:
            located.problems.append(Problem(located.file, 1, 1, f"the file is larger than {max_bytes:,} bytes: split it"))
            return located
        return read_text(path.read_text(encoding="utf-8"), located.file)
    except OSError as error:
        located.problems.append(Problem(located.file, 1, 1, f"the file cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        located.problems.append(Problem(located.file, 1, 1, f"the file is not UTF-8 (byte {error.start}): save it as UTF-8"))
    return located


def read_text(text: str, name: str) -> Located:
    """Like `read`, for text that is already in hand."""
    quick = yaml_events.quick(text)
    located = _built(text, name, quick) if quick is not None else None
    # The messages are those of the thorough parser, which is the slower one.
    return located if located is not None and not located.problems else _built(text, name, yaml_events.thorough(text))


def _built(text: str, name: str, events: Iterator[yaml_events.Event]) -> Located:
    located = Located(name, text=text)
    builder = _Builder(located)
    try:
        for event in events:
            builder.take(event)
            if located.problems and builder.hopeless:
                break
    except yaml_events.Unreadable as error:
        located.problems.append(Problem(name, error.line, error.column, f"not valid YAML: {error}"))
    except ValueError as error:
        located.problems.append(Problem(name, 1, 1, f"not valid YAML: {why_unreadable(error).splitlines()[0]}"))
    if located.problems:
        located.data = None
    return located


class _Builder:
    """Data from the parser's events in one pass, with the place of each value: what must not be built is refused before it grows."""

    def __init__(self, located: Located) -> None:
        self.hopeless = False
        self._located = located
        self._open: list[dict[str, Any] | list[Any]] = []
        self._path: list[str | int] = []
        self._key: str | None = None
        self._documents = 0

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            self._refuse(
                event.start_mark,
                "anchors and aliases are not allowed here: write the value out; put a text that begins with * or & in quotes",
            )
        elif kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                self._located.problems.append(
                    Problem(self._located.file, 1, 1, "one document a file: remove the line '---' and what follows")
                )
                self.hopeless = True
        elif kind == "ScalarEvent":
            self._scalar(event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._begin(event, {} if kind == "MappingStartEvent" else [])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._open.pop()
            if self._path:
                self._path.pop()

    def _refuse(self, mark: Any, message: str) -> None:
        self._located.problems.append(Problem(self._located.file, mark.line + 1, mark.column + 1, message))
        self.hopeless = True

    def _begin(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        if len(self._open) > MAX_DEPTH:  # two thousand open brackets take a composer eight seconds, ninety thousand for ever
            return self._refuse(event.start_mark, f"nested deeper than {MAX_DEPTH} levels")
        if self._expects_a_key():
            return self._refuse(event.start_mark, "a name must be plain text, not a list or a block")
        self._place(value, event)
        self._open.append(value)
        return None

    def _expects_a_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1], dict) and self._key is None

    def _scalar(self, event: Any) -> None:
        if event.tag is not None and event.tag != "!":
            return self._refuse(event.start_mark, f"tags such as {str(event.tag)[:40]!r} are not allowed here: write the value plainly")
        if not self._expects_a_key():
            text = str(event.value)
            self._place(_scalar(yaml_events.tag_of(text), text) if event.implicit[0] else text, event)
            if self._path:
                self._path.pop()
            return None
        key, place = str(event.value), (event.start_mark.line + 1, event.start_mark.column + 1)
        if key in self._open[-1]:
            self._located.problems.append(Problem(self._located.file, *place, f"{key!r} stands here twice: keep one"))
        self._located.key_places[(*self._path, key)] = place
        self._key = key
        return None

    def _place(self, value: Any, event: Any) -> None:
        """Put `value` where it belongs; the path then leads to it."""
        if not self._open:
            self._located.data = value
        elif isinstance(self._open[-1], list):
            self._path.append(len(self._open[-1]))
            self._open[-1].append(value)
        else:
            assert self._key is not None
            self._path.append(self._key)
            self._open[-1][self._key], self._key = value, None
        path = tuple(self._path)
        self._located.places[path] = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(value, str):
            self._located.written[path] = (event.start_mark.index, event.end_mark.index, event.style or "")


def _scalar(tag: str, text: str) -> Any:
    """Plain scalars as YAML 1.2's core schema reads them; dates stay text, the models read them."""
    if tag.endswith(":null"):
        return None
    if tag.endswith(":bool"):
        return text.lower() == "true"
    if tag.endswith(":int"):
        return int(text.replace("_", ""), 0) if text.lstrip("+-").startswith(("0x", "0o")) else int(text.replace("_", ""))
    if tag.endswith(":float"):
        return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
    return text


_MOST_NEAREST = 10


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like `name`; "" when none is like it."""
    close = difflib.get_close_matches(name, list(known), n=_MOST_NEAREST, cutoff=0.6)
    return max(close, key=lambda each: _closeness(name, each), default="")


def _closeness(name: str, other: str) -> tuple[float, int]:
    """By the letters in common; of names with as many, that with more of them in their place: a slip of the finger changes one ("tern": term, not tier)."""
    in_place = sum(a == b for a, b in zip(name, other, strict=False)) - abs(len(name) - len(other))
    return difflib.SequenceMatcher(None, other, name).ratio(), in_place


def nearest(name: str, known: Iterable[str]) -> str:
    """The suggestion to append to a message about an unknown name: " Did you mean 'x'?" or an empty string."""
    found = closest(name, known)
    return f" Did you mean {found!r}?" if found else ""


def model_problems(located: Located, error: pydantic.ValidationError, model: type[pydantic.BaseModel], prefix: Path_ = ()) -> list[Problem]:
    """Pydantic's findings as problems at their places; unknown names come with the nearest known one."""
    found = []
    for each in error.errors(include_url=False):
        path = (*prefix, *(part for part in each["loc"]))
        if each["type"] == "extra_forbidden":
            name = str(each["loc"][-1])
            message = f"unknown name {name!r}.{nearest(name, _names_at(model, each['loc'][:-1]))}"
            found.append(located.problem(path, message, at_key=True))
        elif each["type"] == "missing":
            found.append(located.problem(path[:-1], f"{path[-1]!r} is missing"))
        elif each["type"] == "string_pattern_mismatch":
            found.append(located.problem(path, f"{path[-1]}: {_allowed_at(model, each['loc'])}"))
        elif each["type"] in ("model_type", "list_type", "dict_type"):
            found.append(located.problem(path, f"{_called(path)}: {_shape_at(model, each['loc'], each['type'])}"))
        else:
            found.append(located.problem(path, f"{_called(path)}: {each['msg'].removeprefix('Value error, ')}"))
    return found


def _called(path: Path_) -> str:
    if not path:
        return "the file"
    return f"{path[-2]}[{path[-1]}]" if isinstance(path[-1], int) and len(path) > 1 else str(path[-1])


def _shape_at(model: type[pydantic.BaseModel], loc: Sequence[str | int], kind: str) -> str:
    """What is to be written at `loc`, where there is something of another shape."""
    if kind == "list_type":
        return "write a list: each entry on a line of its own, after '- '"
    names = _names_at(model, loc)
    return f"write names with values, such as '{names[0]}: …'; it may have {', '.join(names)}" if names else "write names with values"


def _allowed_at(model: type[pydantic.BaseModel], loc: Sequence[str | int]) -> str:
    """What the pattern at `loc` allows, in words. A plug-in's field that has none gets its description: a pattern helps nobody."""
    names = [part for part in loc if not isinstance(part, int)]
    owner = _model_at(model, names[:-1])
    field_ = owner.model_fields.get(names[-1]) if owner and names else None
    extra = field_.json_schema_extra if field_ else None
    if isinstance(extra, dict) and ALLOWED in extra:
        return str(extra[ALLOWED])
    return f"this is not allowed here. It is {field_.description}" if field_ and field_.description else "this is not allowed here"


def _names_at(model: type[pydantic.BaseModel], loc: Sequence[str | int]) -> list[str]:
    owner = _model_at(model, loc)
    return list(owner.model_fields) if owner else []


def _model_at(model: type[pydantic.BaseModel], loc: Sequence[str | int]) -> type[pydantic.BaseModel] | None:
    current: type[pydantic.BaseModel] | None = model
    for part in loc:
        if isinstance(part, int):
            continue
        if current is None or part not in current.model_fields:
            return None
        current = _model_in(current.model_fields[part].annotation)
    return current


def _model_in(annotation: Any) -> type[pydantic.BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None

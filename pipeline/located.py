"""YAML read with the place of every value, so that an error names file, line and column.

Aliases and anchors are refused (they are how a small file becomes a huge one), as are duplicate keys, tags, and files beyond the limits.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydantic
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pipeline.errors import Problem, why_unreadable

MAX_BYTES = 1_000_000
MAX_DEPTH = 30

# Under this name a model's field says in words what its pattern allows; editors that know JSON Schema (VS Code's, for one) show it as well.
ALLOWED = "patternErrorMessage"

Path_ = tuple[str | int, ...]


@dataclass
class Located:
    """The data of one YAML file and where each value stands (line and column count from 1)."""

    file: str
    data: Any = None
    places: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    key_places: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: Sequence[str | int], message: str, *, at_key: bool = False) -> Problem:
        """A problem at the value (or its key) named by `path`, or at its nearest known parent."""
        wanted = tuple(path)
        while wanted and wanted not in self.places:
            wanted = wanted[:-1]
            at_key = False
        line, column = (self.key_places if at_key else self.places).get(wanted, (1, 1))
        return Problem(self.file, line, column, message)


def read(path: Path, name: str | None = None) -> Located:
    """The file's data with places; what is wrong stands in `problems`, and then `data` is None. Never raises for bad content."""
    located = Located(name or str(path))
    try:
        if path.stat().st_size > MAX_BYTES:
            located.problems.append(Problem(located.file, 1, 1, f"the file is larger than {MAX_BYTES:,} bytes: split it"))
            return located
        return read_text(path.read_text(encoding="utf-8"), located.file)
    except OSError as error:
        located.problems.append(Problem(located.file, 1, 1, f"the file cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        located.problems.append(Problem(located.file, 1, 1, f"the file is not UTF-8 (byte {error.start}): save it as UTF-8"))
    return located


def read_text(text: str, name: str) -> Located:
    """Like `read`, for text that is already in hand."""
    located = Located(name)
    yaml = YAML(typ="rt", pure=True)
    try:
        _refuse_aliases(yaml, text, located)
        if not located.problems:
            nodes = list(yaml.compose_all(text))
            if len(nodes) > 1:
                located.problems.append(Problem(name, 1, 1, "one document a file: remove the line '---' and what follows"))
            elif nodes and nodes[0] is not None:
                located.data = _build(nodes[0], (), located, 0)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        located.problems.append(Problem(name, place[0], place[1], f"not valid YAML: {error.problem or error.context}"))
    except (YAMLError, ValueError, RecursionError) as error:
        located.problems.append(Problem(name, 1, 1, f"not valid YAML: {why_unreadable(error).splitlines()[0]}"))
    if located.problems:
        located.data = None
    return located


def _refuse_aliases(yaml: YAML, text: str, located: Located) -> None:
    depth = 0
    for event in yaml.parse(text):
        mark = event.start_mark
        kind = type(event).__name__
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        if depth > MAX_DEPTH:  # before composing: two thousand open brackets take the reader eight seconds, ninety thousand for ever
            located.problems.append(Problem(located.file, mark.line + 1, mark.column + 1, f"nested deeper than {MAX_DEPTH} levels"))
            return
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            located.problems.append(
                Problem(located.file, mark.line + 1, mark.column + 1, "anchors and aliases are not allowed here: write the value out")
            )
            return


def _build(node: Node, path: Path_, located: Located, depth: int) -> Any:
    located.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(node, MappingNode):
        return _build_mapping(node, path, located, depth)
    if isinstance(node, SequenceNode):
        return [_build(child, (*path, index), located, depth + 1) for index, child in enumerate(node.value)]
    assert isinstance(node, ScalarNode)
    return _scalar(node)


def _build_mapping(node: MappingNode, path: Path_, located: Located, depth: int) -> dict[str, Any]:
    built: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if key in built:
            located.problems.append(Problem(located.file, place[0], place[1], f"{key!r} stands here twice: keep one"))
        located.key_places[(*path, key)] = place
        built[key] = _build(value_node, (*path, key), located, depth + 1)
    return built


def _scalar(node: ScalarNode) -> Any:
    """Plain scalars as YAML 1.2's core schema reads them; dates stay text, the models read them."""
    tag = str(node.tag)
    text = str(node.value)
    if tag.endswith(":null"):
        return None
    if tag.endswith(":bool"):
        return text.lower() == "true"
    if tag.endswith(":int"):
        return int(text.replace("_", ""), 0) if text.lstrip("+-").startswith(("0x", "0o")) else int(text.replace("_", ""))
    if tag.endswith(":float"):
        return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
    return text


def nearest(name: str, known: Iterable[str]) -> str:
    """The suggestion to append to a message about an unknown name: " Did you mean 'x'?" or an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


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
            found.append(located.problem(path, f"{path[-1] if path else 'the file'}: {each['msg'].removeprefix('Value error, ')}"))
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

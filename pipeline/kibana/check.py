"""What would not import, or import and show nothing, found without a Kibana. Pure; it reads the file as Kibana would, not the source it is made of.

The rules are those of Kibana's importer and of its migrations (8.8 to 9.5, looked up in November 2026): unknown attributes of a dashboard are refused,
an object newer than the server is refused, a reference that leads nowhere is reported and never mended.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.kibana import kql
from pipeline.kibana.check_lens import lens_problems
from pipeline.kibana.fields import Fields

CORE_VERSION = "8.8.0"
# The newest version of each type that the oldest Kibana we promise (8.8) knows.
NEWEST_TYPE_VERSION = {"index-pattern": "8.0.0", "search": "8.0.0", "dashboard": "8.7.0"}
GRID_COLUMNS = 48

_ALLOWED = {
    "index-pattern": {
        *("title", "name", "timeFieldName", "allowNoIndex", "fieldFormatMap", "fieldAttrs"),
        *("runtimeFieldMap", "sourceFilters", "fields", "typeMeta"),
    },
    "search": {"title", "description", "columns", "sort", "grid", "hideChart", "isTextBasedQuery", "kibanaSavedObjectMeta"},
    "dashboard": {
        *("title", "description", "version", "hits", "timeRestore", "timeFrom", "timeTo", "refreshInterval"),
        *("kibanaSavedObjectMeta", "optionsJSON", "panelsJSON", "controlGroupInput"),
    },
}
# Attributes that are JSON inside a text.
_TEXTS = {
    "index-pattern": ("fieldFormatMap", "fieldAttrs", "runtimeFieldMap", "sourceFilters", "fields"),
    "search": (),
    "dashboard": ("panelsJSON", "optionsJSON"),
}
_SEARCHED = "kibanaSavedObjectMeta.searchSourceJSON.index"

Json = dict[str, Any]


def problems(lines: bytes, known: Mapping[str, Fields]) -> list[str]:
    """Each fault as a sentence, [] for none. `known` are the fields of each index by its name (`fields.by_index`)."""
    objects, found = _read(lines)
    ids = [(each["type"], each["id"]) for each in objects]
    found += [f"{type} {id} is there twice: Kibana refuses the whole file" for type, id in sorted(set(ids)) if ids.count((type, id)) > 1]
    views = {each["id"]: each for each in objects if each["type"] == "index-pattern"}
    for each in objects:
        name = f"{each['type']} {each['id']}"
        found += [f"{name}: {problem}" for problem in _object_problems(each, set(ids), views, known)]
    return found


def _read(lines: bytes) -> tuple[list[Json], list[str]]:
    objects: list[Json] = []
    found: list[str] = []
    for number, line in enumerate(lines.splitlines(), 1):
        try:
            each = json.loads(line)
        except ValueError as error:
            found.append(f"line {number} is no JSON: {error}")
            continue
        if not isinstance(each, dict) or not all(isinstance(each.get(name), str) and each[name] for name in ("type", "id")):
            found.append(f"line {number} is no saved object: it has no type or no id")
        elif each["type"] not in NEWEST_TYPE_VERSION:
            found.append(f"line {number}: objects of the type {each['type']} are not made here")
        elif not isinstance(each.get("attributes"), dict) or not isinstance(each.get("references"), list):
            found.append(f"line {number} is no saved object: it has no attributes or no references")
        else:
            objects.append(each)
    return objects, found


def _object_problems(each: Json, ids: set[tuple[str, str]], views: Mapping[str, Json], known: Mapping[str, Fields]) -> Iterator[str]:
    type, attributes = each["type"], each["attributes"]
    yield from _version_problems(each)
    for name in sorted(attributes.keys() - _ALLOWED[type]):
        yield f"the attribute {name} is not one that Kibana 8.8 allows"
    for name in _TEXTS[type]:
        if _decoded(attributes.get(name)) is None:
            yield f"{name} is not JSON in a text"
    if not attributes.get("title"):
        yield "it has no title"
    for reference in each["references"]:
        if (reference["type"], reference["id"]) not in ids:
            yield f"it refers to {reference['type']} {reference['id']}, which is not in the file"
    names = [reference["name"] for reference in each["references"]]
    yield from (f"the reference {name} is there twice" for name in sorted(set(names)) if names.count(name) > 1)
    if type == "index-pattern":
        yield from _view_problems(attributes, known)
    elif type == "search":
        yield from _search_problems(each, views, known)
    else:
        yield from _dashboard_problems(each, views, known)


def _version_problems(each: Json) -> Iterator[str]:
    newest = NEWEST_TYPE_VERSION[each["type"]]
    for name, limit in (("coreMigrationVersion", CORE_VERSION), ("typeMigrationVersion", newest)):
        version = _version(each.get(name))
        if version is None:
            yield f"it has no {name}"
        elif version > (_version(limit) or ()):
            yield f"{name} {each[name]} is newer than {limit}: Kibana 8.8 would refuse it"


def _version(text: Any) -> tuple[int, ...] | None:
    parts = text.split(".") if isinstance(text, str) else []
    return tuple(int(part) for part in parts) if len(parts) == 3 and all(part.isdigit() for part in parts) else None


def _decoded(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _view_problems(attributes: Json, known: Mapping[str, Fields]) -> Iterator[str]:
    fields = known.get(attributes.get("title", ""))
    if fields is None:
        yield f"no index template of ours makes {attributes.get('title')!r}"
        return
    if fields.get(attributes.get("timeFieldName", "")) != "date":
        yield f"its time field {attributes.get('timeFieldName')!r} is no date in {attributes['title']}"
    for name in _decoded(attributes.get("fieldFormatMap")) or {}:
        if name not in fields:
            yield f"it formats the field {name}, which {attributes['title']} does not have"


def _search_problems(each: Json, views: Mapping[str, Json], known: Mapping[str, Fields]) -> Iterator[str]:
    attributes = each["attributes"]
    source = _decoded(attributes.get("kibanaSavedObjectMeta", {}).get("searchSourceJSON"))
    if not isinstance(source, dict):
        yield "its searchSourceJSON is not JSON in a text"
        return
    named = [reference["id"] for reference in each["references"] if reference["name"] == source.get("indexRefName")]
    if source.get("indexRefName") != _SEARCHED or len(named) != 1 or named[0] not in views:
        yield "it does not name its data view through indexRefName and one reference"
        return
    fields = known.get(views[named[0]]["attributes"].get("title", ""), {})
    for name in attributes.get("columns", ()):
        if name not in fields:
            yield f"its column {name} is no field of that index"
    for name, _ in attributes.get("sort", ()):
        if fields.get(name, "text") == "text":
            yield f"it is sorted by {name}, which that index cannot sort by"
    yield from query_problems(source.get("query", {}), fields)


def query_problems(query: Mapping[str, Any], fields: Fields) -> Iterator[str]:
    """What is wrong with a stored KQL query over an index with these fields."""
    if query.get("language") != "kuery":
        yield f"its query is in {query.get('language')!r}, not in kuery"
        return
    try:
        asked = kql.fields(kql.parse(str(query.get("query", ""))))
    except kql.NotKql as error:
        yield f"its query cannot be read: {error}"
        return
    for name, comparison in sorted(asked):
        if name not in fields:
            yield f"its query asks for {name}, which that index does not have"
        elif comparison != ":" and fields[name] in ("text", "keyword", "boolean"):
            yield f"its query compares {name}, which is a {fields[name]}"


def _dashboard_problems(each: Json, views: Mapping[str, Json], known: Mapping[str, Fields]) -> Iterator[str]:
    panels = _decoded(each["attributes"].get("panelsJSON"))
    if not isinstance(panels, list) or not panels:
        yield "it has no panels"
        return
    used: set[str] = set()
    references = {reference["name"]: reference for reference in each["references"]}
    for panel in panels:
        name = f"panel {panel.get('panelIndex')}"
        wanted = _reference_name(panel)
        used.add(wanted)
        if wanted not in references:
            yield f"{name}: the dashboard's references lack {wanted}"
        if panel.get("type") == "lens":
            yield from (f"{name}: {problem}" for problem in lens_problems(panel, references.get(wanted), views, known, query_problems))
    yield from (f"nothing uses its reference {name}" for name in sorted(references.keys() - used))
    yield from _grid_problems(panels)


def _reference_name(panel: Json) -> str:
    """The name under which the dashboard must repeat the panel's reference."""
    if panel.get("type") == "search":
        return f"{panel['panelIndex']}:{panel.get('panelRefName')}"
    inner = panel.get("embeddableConfig", {}).get("attributes", {}).get("references") or [{}]
    return f"{panel['panelIndex']}:{inner[0].get('name')}"


def _grid_problems(panels: list[Json]) -> Iterator[str]:
    taken: dict[tuple[int, int], str] = {}
    indices = [panel["panelIndex"] for panel in panels]
    yield from (f"panel {name} is there twice" for name in sorted(set(indices)) if indices.count(name) > 1)
    for panel in panels:
        name, grid = panel["panelIndex"], panel["gridData"]
        x, y, width, height = (grid.get(side, -1) for side in "xywh")
        if grid.get("i") != name:
            yield f"panel {name}: gridData.i is {grid.get('i')!r}"
        if x < 0 or y < 0 or width < 1 or height < 1 or x + width > GRID_COLUMNS:
            yield f"panel {name} does not stand on the {GRID_COLUMNS} columns of the grid"
            continue
        cells = {(column, row) for column in range(x, x + width) for row in range(y, y + height)}
        others = {taken[cell] for cell in cells & taken.keys()}
        yield from (f"panel {name} lies over panel {other}" for other in sorted(others))
        taken.update((cell, name) for cell in cells)

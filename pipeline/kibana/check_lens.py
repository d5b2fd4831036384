"""What is wrong with a Lens panel: columns that nothing shows, fields that do not exist or cannot be counted that way. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pipeline.kibana.fields import Fields
from pipeline.kibana.lens import RECORDS

NUMBERS = frozenset(("long", "integer", "short", "byte", "double", "float", "half_float"))
_VALUES = NUMBERS | {"keyword", "boolean", "date"}
# Which types of field each operation of Lens can work on.
ABLE = {
    "date_histogram": frozenset(("date",)),
    "terms": NUMBERS | {"keyword", "boolean"},
    "unique_count": _VALUES,
    "max": NUMBERS | {"date"},
    "sum": NUMBERS,
    "median": NUMBERS,
    "percentile": NUMBERS,
    "last_value": _VALUES,
}
BUCKETS = frozenset(("date_histogram", "terms"))
# What a grouping can be ordered by.
_ORDERING = frozenset(("count", "unique_count", "max", "sum", "median"))

Json = dict[str, Any]
AskedOf = Callable[[Mapping[str, Any], Fields], Iterator[str]]


def lens_problems(
    panel: Json, reference: Json | None, views: Mapping[str, Json], known: Mapping[str, Fields], query_problems: AskedOf
) -> Iterator[str]:
    """Each fault of a chart by value. `reference` is what the dashboard repeats of its data view; `query_problems` judges a stored query."""
    chart = panel.get("embeddableConfig", {}).get("attributes", {})
    inner = chart.get("references") or []
    if len(inner) != 1 or reference is None or inner[0]["id"] != reference["id"] or reference["id"] not in views:
        yield "it does not name one data view, the same inside and on the dashboard"
        return
    state = chart["state"]
    layers = state["datasourceStates"]["formBased"]["layers"]
    if [each["name"] for each in inner] != [f"indexpattern-datasource-layer-{name}" for name in layers]:
        yield "its reference is not named after its layer"
    view = views[reference["id"]]["attributes"]
    fields = known.get(view["title"], {})
    yield from query_problems(state["query"], fields)
    for name, layer in layers.items():
        yield from _layer_problems(layer, fields, query_problems)
        yield from _shown_problems(state["visualization"], chart["visualizationType"], name, layer["columns"])


def _layer_problems(layer: Json, fields: Fields, query_problems: AskedOf) -> Iterator[str]:
    columns, order = layer["columns"], layer["columnOrder"]
    if sorted(order) != sorted(columns):
        yield "columnOrder does not name each column once"
        return
    kinds = [columns[name]["operationType"] in BUCKETS for name in order]
    if kinds != sorted(kinds, reverse=True):
        yield "its groupings do not come before its figures"
    if not any(not kind for kind in kinds):
        yield "it has no figure"
    for name in order:
        yield from (f"column {name}: {problem}" for problem in _column_problems(columns[name], columns, fields, query_problems))


def _column_problems(column: Json, columns: Mapping[str, Json], fields: Fields, query_problems: AskedOf) -> Iterator[str]:
    operation, field = column["operationType"], column["sourceField"]
    if column["isBucketed"] != (operation in BUCKETS):
        yield f"isBucketed is wrong for {operation}"
    if operation == "count":
        if field != RECORDS:
            yield f"a count has the source field {RECORDS}, not {field}"
    elif operation not in ABLE:
        yield f"the operation {operation} is not used here"
    elif field not in fields:
        yield f"that index has no field {field}"
    elif fields[field] not in ABLE[operation]:
        yield f"{operation} cannot work on {field}, which is a {fields[field]}"
    yield from _parameter_problems(operation, column.get("params", {}), columns, fields)
    if "filter" in column:
        yield from query_problems(column["filter"], fields)


def _parameter_problems(operation: str, params: Json, columns: Mapping[str, Json], fields: Fields) -> Iterator[str]:
    if operation == "percentile" and not 0 < params.get("percentile", 0) < 100:
        yield "the percentile is not between 0 and 100"
    if operation == "last_value" and fields.get(params.get("sortField", "")) != "date":
        yield f"the newest value is chosen by {params.get('sortField')!r}, which is no date"
    if operation == "terms":
        by = params["orderBy"].get("columnId", "")
        if columns.get(by, {}).get("operationType") not in _ORDERING:
            yield f"it is ordered by {by!r}, which it cannot be ordered by"
        if not 0 < params["size"] <= 1000:
            yield "it does not ask for 1 to 1,000 values"


def _shown_problems(visualisation: Json, kind: str, layer: str, columns: Iterable[str]) -> Iterator[str]:
    """A column that no part of the picture names is computed and never seen; a name without a column breaks the panel."""
    if kind == "lnsMetric":
        named, placed = [visualisation.get("metricAccessor")], [visualisation.get("layerId")]
    elif kind == "lnsDatatable":
        named, placed = [each["columnId"] for each in visualisation["columns"]], [visualisation.get("layerId")]
    elif kind in ("lnsPie", "lnsXY"):
        layers = visualisation["layers"]
        placed = [each.get("layerId") for each in layers]
        named = [name for each in layers for name in _accessors(each)]
    else:
        yield f"the visualisation {kind} is not used here"
        return
    if placed != [layer]:
        yield f"its picture is of the layers {placed}, not of {layer}"
    if sorted(map(str, named)) != sorted(columns):
        yield f"its picture shows {sorted(map(str, named))}, its columns are {sorted(columns)}"


def _accessors(layer: Json) -> list[str]:
    many = [name for key in ("primaryGroups", "metrics", "accessors") for name in layer.get(key, ())]
    return many + [layer[key] for key in ("xAccessor", "splitAccessor") if key in layer]

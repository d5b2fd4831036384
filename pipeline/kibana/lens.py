"""A panel as Lens keeps it: one layer over one data view, in the shape of Kibana 8.8.

Columns are named `by0`, `by1`, … and `measure0`, `measure1`, …, so that the same declaration always gives the same text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.kibana.declared import Measure, OverTime, Panel, Terms, View

LAYER = "main"
REFERENCE = f"indexpattern-datasource-layer-{LAYER}"
# What Lens writes as the field of a plain count.
RECORDS = "___records___"

_TYPES = {"bars": "bar_horizontal", "stacked": "bar_stacked", "lines": "line"}
_VISUALISATIONS = {"metric": "lnsMetric", "donut": "lnsPie", "table": "lnsDatatable"}

Json = dict[str, Any]


def attributes(panel: Panel, view: View, view_id: str, field_types: dict[str, str]) -> Json:
    """The `attributes` of a chart by value. `field_types` are those of the view's index; a field that is not there counts as a text."""
    columns = {name: _bucket(each, field_types) for name, each in _buckets(panel)}
    columns |= {name: _measure(each, view, field_types) for name, each in _measures(panel)}
    return {
        "title": panel.title,
        "visualizationType": _VISUALISATIONS.get(panel.shape, "lnsXY"),
        "type": "lens",
        "references": [{"type": "index-pattern", "id": view_id, "name": REFERENCE}],
        "state": {
            "query": {"query": panel.where, "language": "kuery"},
            "filters": [],
            "visualization": _visualisation(panel),
            "datasourceStates": {
                "formBased": {"layers": {LAYER: {"columnOrder": list(columns), "columns": columns, "incompleteColumns": {}}}},
            },
            "internalReferences": [],
            "adHocDataViews": {},
        },
    }


def _buckets(panel: Panel) -> list[tuple[str, Terms | OverTime]]:
    return [(f"by{number}", each) for number, each in enumerate(panel.by)]


def _measures(panel: Panel) -> list[tuple[str, Measure]]:
    return [(f"measure{number}", each) for number, each in enumerate(panel.measures)]


def _bucket(each: Terms | OverTime, field_types: dict[str, str]) -> Json:
    if isinstance(each, OverTime):
        return {
            "label": each.field,
            "dataType": "date",
            "operationType": "date_histogram",
            "sourceField": each.field,
            "isBucketed": True,
            "scale": "interval",
            "params": {"interval": "auto", "includeEmptyRows": True, "dropPartials": False},
        }
    return {
        "label": each.label,
        "customLabel": True,
        "dataType": _data_type(field_types.get(each.field, "")),
        "operationType": "terms",
        "sourceField": each.field,
        "isBucketed": True,
        "scale": "ordinal",
        "params": {
            "size": each.size,
            "orderBy": {"type": "column", "columnId": "measure0"},
            "orderDirection": "asc" if each.rising else "desc",
            "otherBucket": each.others,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
        },
    }


def _measure(each: Measure, view: View, field_types: dict[str, str]) -> Json:
    number: Json = {"dataType": "number", "scale": "ratio", "params": {"emptyAsNull": each.operation == "unique_count"}}
    own: Json = {
        "count": number | {"params": {"emptyAsNull": False}},
        "percentile": number | {"params": {"percentile": each.percent}},
        "last_value": {
            "dataType": _data_type(field_types.get(each.field, "")),
            "scale": "ordinal",
            "params": {"sortField": view.time_field, "showArrayValues": True},
        },
        "max": {"dataType": _data_type(field_types.get(each.field, "")), "scale": "ratio", "params": {"emptyAsNull": True}},
    }.get(each.operation, number)
    where = f"{each.field} : *" if each.operation == "last_value" and not each.where else each.where
    return {
        "label": each.label,
        "customLabel": True,
        "operationType": each.operation,
        "sourceField": each.field or RECORDS,
        "isBucketed": False,
        **own,
        **({"filter": {"query": where, "language": "kuery"}} if where else {}),
    }


def _data_type(field_type: str) -> str:
    if field_type in ("long", "integer", "float", "double", "short", "byte"):
        return "number"
    return field_type if field_type in ("date", "boolean") else "string"


def _visualisation(panel: Panel) -> Json:
    buckets, measures = [name for name, _ in _buckets(panel)], [name for name, _ in _measures(panel)]
    layer: Json = {"layerId": LAYER, "layerType": "data"}
    if panel.shape == "metric":
        return layer | {"metricAccessor": measures[0]}
    if panel.shape == "table":
        return layer | {"columns": [{"columnId": name} for name in (*buckets, *measures)]}
    if panel.shape == "donut":
        shown = {"numberDisplay": "percent", "categoryDisplay": "default", "legendDisplay": "default", "nestedLegend": False}
        return {"shape": "donut", "layers": [layer | {"primaryGroups": buckets, "metrics": measures, **shown}]}
    return _axes(panel, layer, buckets, measures)


def _axes(panel: Panel, layer: Json, buckets: Sequence[str], measures: Sequence[str]) -> Json:
    """The last grouping is the axis; one before it splits the bars or lines."""
    kind = _TYPES[panel.shape]
    split = {"splitAccessor": buckets[0]} if len(buckets) > 1 else {}
    return {
        "legend": {"isVisible": bool(split) or len(measures) > 1, "position": "right"},
        "valueLabels": "hide",
        "preferredSeriesType": kind,
        "layers": [layer | {"seriesType": kind, "xAccessor": buckets[-1], "accessors": list(measures), **split}],
    }

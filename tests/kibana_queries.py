"""What a panel, a saved search or a rule of Kibana asks of Elasticsearch, made from the stored objects as Kibana makes it, and the rows it shows.

Scripts are left out (a rule compares its count to the threshold in one), because the embedded server has none: with a threshold of zero every group
that comes back is one. Slots of time are one hour. Ranges end at a given instant and not at the server's now, so that a slow machine changes nothing.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pipeline.kibana import kql

Json = dict[str, Any]

_SIMPLE = {"unique_count": "cardinality", "max": "max", "sum": "sum"}


def _within(time_field: str, since: str, now: datetime) -> Json:
    anchor = f"{now:%Y-%m-%dT%H:%M:%S.%fZ}"
    return {"range": {time_field: {"gte": since.replace("now", f"{anchor}||"), "lte": anchor}}}


def search_of(query: Json, time_field: str, since: str, now: datetime) -> Json:
    """The query of a stored KQL text and a time range such as now-24h that ends `now`."""
    within = _within(time_field, since, now)
    return {"bool": {"filter": [kql.to_query(kql.parse(query["query"])), within]}}


def panel_request(chart: Json, time_field: str, since: str, now: datetime) -> Json:
    """The search that a Lens chart stands for."""
    layer = next(iter(chart["state"]["datasourceStates"]["formBased"]["layers"].values()))
    columns = layer["columns"]
    buckets = [name for name in layer["columnOrder"] if columns[name]["isBucketed"]]
    measures = [name for name in layer["columnOrder"] if not columns[name]["isBucketed"]]
    inner = {name: made for name in measures if (made := _measure(columns[name]))}
    aggregations = inner
    for name in reversed(buckets):
        aggregations = {name: {**_bucket(columns[name], columns), "aggs": {**aggregations, **(_ordering(columns[name], inner))}}}
        if not aggregations[name]["aggs"]:
            del aggregations[name]["aggs"]
    return {"size": 0, "track_total_hits": True, "query": search_of(chart["state"]["query"], time_field, since, now), "aggs": aggregations}


def _ordering(column: Json, inner: Json) -> Json:
    by = column.get("params", {}).get("orderBy", {}).get("columnId")
    return {by: inner[by]} if by in inner else {}


def _bucket(column: Json, columns: Json) -> Json:
    if column["operationType"] == "date_histogram":
        return {"date_histogram": {"field": column["sourceField"], "fixed_interval": "1h", "min_doc_count": 1}}
    params = column["params"]
    by = params["orderBy"]["columnId"]
    order = "_count" if columns[by]["operationType"] == "count" and "filter" not in columns[by] else by
    return {"terms": {"field": column["sourceField"], "size": params["size"], "order": {order: params["orderDirection"]}}}


def _measure(column: Json) -> Json | None:
    """None for a plain count: the bucket holds it."""
    operation, field = column["operationType"], column["sourceField"]
    narrowed = {"filter": kql.to_query(kql.parse(column["filter"]["query"]))} if "filter" in column else None
    if operation == "count":
        return narrowed
    made: Json
    if operation in _SIMPLE:
        made = {_SIMPLE[operation]: {"field": field}}
    elif operation in ("median", "percentile"):
        made = {"percentiles": {"field": field, "percents": [column["params"].get("percentile", 50)]}}
    elif operation == "last_value":
        newest = {column["params"]["sortField"]: {"order": "desc"}}
        made = {"top_hits": {"size": 1, "sort": [newest], "_source": False, "docvalue_fields": [field]}}
    else:
        raise AssertionError(f"no query is known for the operation {operation}")
    return {**narrowed, "aggs": {"of": made}} if narrowed else made


def panel_rows(chart: Json, answer: Json) -> list[tuple[Any, ...]]:
    """What the chart shows: a row for each group, its keys and then its figures, in the order of its columns. No row where nothing was found."""
    layer = next(iter(chart["state"]["datasourceStates"]["formBased"]["layers"].values()))
    columns, order = layer["columns"], layer["columnOrder"]
    buckets = [name for name in order if columns[name]["isBucketed"]]
    measures = [(name, columns[name]) for name in order if not columns[name]["isBucketed"]]
    whole = {**answer.get("aggregations", {}), "doc_count": answer["hits"]["total"]["value"]}
    return _rows(whole, buckets, measures, ()) if whole["doc_count"] else []


def _rows(level: Json, buckets: list[str], measures: list[tuple[str, Json]], keys: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    if not buckets:
        return [(*keys, *(_figure(level, name, column) for name, column in measures))]
    found = []
    for each in level[buckets[0]]["buckets"]:
        found += _rows(each, buckets[1:], measures, (*keys, each.get("key_as_string", each["key"])))
    return found


def _figure(level: Json, name: str, column: Json) -> Any:
    operation = column["operationType"]
    if operation == "count":
        return level[name]["doc_count"] if "filter" in column else level["doc_count"]
    found = level[name]["of"] if "filter" in column else level[name]
    if operation in ("median", "percentile"):
        return next(iter(found["values"].values()))
    if operation == "last_value":
        hits = found["hits"]["hits"]
        return hits[0]["fields"][column["sourceField"]][0] if hits and "fields" in hits[0] else None
    return found.get("value_as_string", found["value"])


def rule_request(params: Json, now: datetime) -> Json:
    """The search of a grouped Elasticsearch query rule, for a run that happens `now`."""
    within = _within(params["timeField"], f"now-{params['timeWindowSize']}{params['timeWindowUnit']}", now)
    groups = {"terms": {"field": params["termField"], "size": params["termSize"]}, "aggs": {"hits": {"top_hits": {"size": params["size"]}}}}
    return {
        "size": 0,
        "query": {"bool": {"filter": [json.loads(params["esQuery"])["query"], within]}},
        "aggs": {"groups": groups},
    }

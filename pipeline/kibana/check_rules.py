"""What the alerting API would refuse, or take and never fire, found without a Kibana. Pure.

The limits are those of the rule type `.es-query` and of the Basic licence (looked up in November 2026).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.kibana.alerting import Posted
from pipeline.kibana.fields import Fields
from pipeline.kibana.watches import WATCHED_TIME

BASIC_CONNECTORS = frozenset((".index", ".server-log"))
MOST_GROUPS = 1000
# In a grouped rule the hits of a group are an inner result, and an index gives no more of those unless told.
MOST_HITS = 100

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

Json = dict[str, Any]


def rule_problems(posted: Sequence[Posted], known: Mapping[str, Fields]) -> list[str]:
    """Each fault of the connectors and rules as a sentence, [] for none."""
    connectors = {each.id for each in posted if each.kind == "connector"}
    ids = [each.id for each in posted]
    found = [f"the id {id} is there twice" for id in sorted(set(ids)) if ids.count(id) > 1]
    for each in posted:
        own = _connector_problems(each.create) if each.kind == "connector" else _rule_problems(each.create, connectors, known)
        found += [f"{each.kind} {each.name!r}: {problem}" for problem in (*_id_problems(each.id), *own)]
    return found


def _id_problems(id: str) -> Iterator[str]:
    try:
        version = uuid.UUID(id).version
    except ValueError:
        version = None
    if version not in (1, 4) or str(uuid.UUID(id)) != id:
        yield f"the id {id} is no UUID of version 1 or 4: Kibana before 8.17 takes no other"


def _connector_problems(body: Json) -> Iterator[str]:
    if body["connector_type_id"] not in BASIC_CONNECTORS:
        yield f"connectors of the type {body['connector_type_id']} need more than the Basic licence"
    if body.get("secrets"):
        yield "it holds a secret"


def _rule_problems(body: Json, connectors: set[str], known: Mapping[str, Fields]) -> Iterator[str]:
    params = body["params"]
    if body["rule_type_id"] != ".es-query" or params.get("searchType") != "esQuery":
        yield "it is no Elasticsearch query rule in the form that every version takes"
        return
    window = params["timeWindowSize"] * _SECONDS[params["timeWindowUnit"]]
    interval = body["schedule"]["interval"]
    if window <= int(interval[:-1]) * _SECONDS[interval[-1]]:
        yield f"its window of {window} s is not longer than its interval of {interval}: what comes in between would be missed"
    for name in params["index"]:
        if name not in known:
            yield f"no index template of ours makes {name}"
        else:
            yield from _field_problems(params, known[name])
    for action in body["actions"]:
        if action["id"] not in connectors:
            yield f"an action goes to the connector {action['id']}, which is not ours"
        if action["group"] != "query matched":
            yield f"the rule type has no action group {action['group']!r}"


def _field_problems(params: Json, fields: Fields) -> Iterator[str]:
    if params["timeField"] != WATCHED_TIME or fields.get(WATCHED_TIME) != "date":
        yield f"its window is not on {WATCHED_TIME}"
    if params.get("groupBy") != "top" or fields.get(params.get("termField", "")) != "keyword":
        yield f"it is grouped by {params.get('termField')!r}, which is no keyword"
    if not 0 < params.get("termSize", 0) <= MOST_GROUPS:
        yield f"it does not ask for 1 to {MOST_GROUPS:,} groups"
    if not 0 < params["size"] <= MOST_HITS:
        yield f"it does not ask for 1 to {MOST_HITS} hits of a group"
    try:
        query = json.loads(params["esQuery"])["query"]
    except (ValueError, KeyError, TypeError):
        yield 'its esQuery is no JSON with a "query" in it'
        return
    for name in sorted(set(_asked(query))):
        if name not in fields:
            yield f"its query asks for {name}, which that index does not have"


def _asked(query: Any) -> Iterator[str]:
    """The fields of a query made of bool, match, match_phrase, exists and range."""
    if isinstance(query, list):
        for each in query:
            yield from _asked(each)
    elif isinstance(query, dict):
        for name, inside in query.items():
            if name in ("match", "match_phrase", "range", "term"):
                yield from inside
            elif name == "exists":
                yield inside["field"]
            else:
                yield from _asked(inside)

"""The bodies that Kibana's alerting API takes: two connectors and a rule for each watch. Pure.

* Ids are fixed and have the form of random UUIDs (version 4), because up to Kibana 8.16 the API takes no other for objects with secrets. They are
  made of the space as well: such an id may exist once in all spaces.
* Rules are Elasticsearch queries (`.es-query` with `searchType: esQuery`), since only these name their time field themselves in every version.
* Connectors are those of the Basic licence: a line in Kibana's log, and a document in a data stream, so that there is a table of what rang.
  Everything that wakes people needs a higher licence there, and is the work of our own notifiers.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from pipeline.kibana import kql
from pipeline.kibana.content import VIEWS
from pipeline.kibana.declared import Watch
from pipeline.kibana.objects import titled
from pipeline.kibana.watches import WATCHED_TIME, watches
from pipeline.settings import Settings

# The rule type takes no more groups, and Kibana no more alerts in one run; one document of each is enough for the message.
GROUPS = 1000
HITS_SHOWN = 1

# On every rule of ours, beside one that names the installation.
OWN_TAG = "lagebild"

_VIEWS = {each.name: each for each in VIEWS}

Json = dict[str, Any]


@dataclass(frozen=True)
class Posted:
    """One connector or rule: where it lives, what creates it, and the part of that which may be changed later."""

    kind: str  # "connector", "rule"
    id: str
    name: str
    create: Json
    update: Json

    @property
    def path(self) -> str:
        return f"/api/actions/connector/{self.id}" if self.kind == "connector" else f"/api/alerting/rule/{self.id}"


def fixed_id(settings: Settings, name: str) -> str:
    """Always the same for this index prefix, space and name, and of the form of a UUID version 4."""
    words = "\x00".join(("lagebild", settings.elasticsearch.index_prefix, settings.kibana.space or "default", name))
    return str(uuid.UUID(bytes=hashlib.sha256(words.encode()).digest()[:16], version=4))


def own_tag(settings: Settings) -> str:
    """The tag of this installation's rules: several may share one space."""
    return f"{OWN_TAG}-{settings.elasticsearch.index_prefix.strip('-._') or 'default'}"


def alert_log(settings: Settings) -> str:
    """The data stream in which fired rules leave a document; Elasticsearch has a template for `logs-*-*` of its own."""
    return f"logs-news.alert-{settings.elasticsearch.index_prefix.strip('-._').replace('-', '_') or 'default'}"


def wanted(settings: Settings) -> list[Posted]:
    """The connectors and, after them, the rules that use them. No connectors where there are no rules."""
    rules = [_rule(settings, each) for each in watches(settings)]
    return [*_connectors(settings), *rules] if rules else []


def _connectors(settings: Settings) -> list[Posted]:
    config = {"index": alert_log(settings), "refresh": False, "executionTimeField": None}
    return [
        _connector(settings, "log", "News alerts: log of Kibana", ".server-log", {}),
        _connector(settings, "index", f"News alerts: {alert_log(settings)}", ".index", config),
    ]


def _connector(settings: Settings, name: str, title: str, type: str, config: Json) -> Posted:
    shown = titled(settings, title)
    update = {"name": shown, "config": config, "secrets": {}}
    return Posted("connector", fixed_id(settings, f"connector-{name}"), shown, {**update, "connector_type_id": type}, update)


def _rule(settings: Settings, watch: Watch) -> Posted:
    shown = titled(settings, watch.title)
    update = {
        "name": shown,
        "tags": [OWN_TAG, own_tag(settings), *watch.tags],
        "schedule": {"interval": "1m"},
        "params": _params(settings, watch),
        "actions": [_log_action(settings, watch), _index_action(settings, watch)],
    }
    create = {**update, "rule_type_id": ".es-query", "consumer": "stackAlerts", "enabled": True}
    return Posted("rule", fixed_id(settings, f"rule-{watch.name}"), shown, create, update)


def _params(settings: Settings, watch: Watch) -> Json:
    return {
        "searchType": "esQuery",
        "index": [settings.index(_VIEWS[watch.view].index)],
        "timeField": WATCHED_TIME,
        "esQuery": json.dumps({"query": kql.to_query(kql.parse(watch.where))}, ensure_ascii=False),
        "size": HITS_SHOWN,
        "timeWindowSize": watch.minutes,
        "timeWindowUnit": "m",
        "aggType": "count",
        "groupBy": "top",
        "termField": watch.each,
        "termSize": GROUPS,
        "threshold": [0],
        "thresholdComparator": ">",
        "excludeHitsFromPreviousRun": True,
    }


def _action(settings: Settings, connector: str, params: Json) -> Json:
    return {
        "id": fixed_id(settings, f"connector-{connector}"),
        "group": "query matched",
        "params": params,
        "frequency": {"summary": False, "notify_when": "onActionGroupChange", "throttle": None},
    }


def _log_action(settings: Settings, watch: Watch) -> Json:
    return _action(settings, "log", {"level": "warn", "message": f"{{{{rule.name}}}}: {_shown(watch)} ({{{{alert.id}}}})"})


def _index_action(settings: Settings, watch: Watch) -> Json:
    document = {
        "@timestamp": "{{date}}",
        "message": f"{{{{rule.name}}}}: {_shown(watch)}",
        "event": {"kind": "alert", "dataset": "news.alert", "id": "{{alert.id}}"},
        "rule": {"id": "{{rule.id}}", "name": "{{rule.name}}"},
        "tags": [OWN_TAG, *watch.tags],
    }
    return _action(settings, "index", {"documents": [document]})


def _shown(watch: Watch) -> str:
    """What the newest hit says, in Mustache: a hit that is missing leaves nothing."""
    return "{{#context.hits}}" + " ".join(f"{{{{_source.{each}}}}}" for each in watch.shown) + "{{/context.hits}}"

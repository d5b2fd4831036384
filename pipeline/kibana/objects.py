"""The saved objects that Kibana imports, made of the source, and the NDJSON file of them.

Ids are made of the index prefix and the name: importing again replaces, and two installations beside each other stay apart. The versions are the
oldest that hold what we use. `dashboard` stays at 8.7.0, which is what Kibana 8.8 itself writes; 8.9.0 would already be refused there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pipeline.kibana import lens
from pipeline.kibana.content import SEARCHES, VIEWS
from pipeline.kibana.dashboards import DASHBOARDS
from pipeline.kibana.declared import Dashboard, Panel, Search, SearchPanel, View
from pipeline.kibana.fields import by_index
from pipeline.settings import Settings

CORE_VERSION = "8.8.0"
TYPE_VERSIONS = {"index-pattern": "8.0.0", "search": "8.0.0", "dashboard": "8.7.0"}

_SEARCH_REFERENCE = "kibanaSavedObjectMeta.searchSourceJSON.index"
_VIEWS = {each.name: each for each in VIEWS}

Json = dict[str, Any]


def object_id(settings: Settings, kind: str, name: str) -> str:
    """The fixed id of a saved object; `kind` is view, search or dashboard."""
    return f"lagebild-{settings.elasticsearch.index_prefix}{kind}-{name}"


def saved_objects(settings: Settings) -> list[Json]:
    """Every saved object, what others refer to first."""
    return [
        *(_view(settings, each) for each in VIEWS),
        *(_search(settings, each) for each in SEARCHES),
        *(_dashboard(settings, each) for each in DASHBOARDS),
    ]


def ndjson(objects: Iterable[Json]) -> bytes:
    """One object a line, as Kibana imports and exports them; the same objects give the same bytes."""
    return b"".join(json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for each in objects)


def titled(settings: Settings, title: str) -> str:
    """The title; where indices have a prefix it stands behind it, so that people can tell two installations apart."""
    prefix = settings.elasticsearch.index_prefix.strip("-._")
    return f"{title} ({prefix})" if prefix else title


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _object(settings: Settings, kind: str, name: str, type: str, attributes: Json, references: list[Json]) -> Json:
    return {
        "id": object_id(settings, kind, name),
        "type": type,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": TYPE_VERSIONS[type],
        "managed": False,
    }


def _view(settings: Settings, view: View) -> Json:
    links = {each: {"id": "url", "params": {"type": "a", "openLinkInCurrentTab": False}} for each in view.links}
    attributes = {
        "title": settings.index(view.index),
        "name": titled(settings, view.title),
        "timeFieldName": view.time_field,
        # The index of the first alert comes with the first alert.
        "allowNoIndex": True,
        "fieldFormatMap": _text(links),
        "fieldAttrs": "{}",
        "runtimeFieldMap": "{}",
        "sourceFilters": "[]",
        "fields": "[]",
    }
    return _object(settings, "view", view.name, "index-pattern", attributes, [])


def _view_reference(settings: Settings, name: str, view: str) -> Json:
    return {"name": name, "type": "index-pattern", "id": object_id(settings, "view", view)}


def _search(settings: Settings, search: Search) -> Json:
    source = {"query": {"query": search.where, "language": "kuery"}, "filter": [], "indexRefName": _SEARCH_REFERENCE}
    attributes = {
        "title": titled(settings, search.title),
        "description": "",
        "columns": list(search.columns),
        "sort": [[search.sort, "desc"]],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": _text(source)},
    }
    return _object(settings, "search", search.name, "search", attributes, [_view_reference(settings, _SEARCH_REFERENCE, search.view)])


def _dashboard(settings: Settings, dashboard: Dashboard) -> Json:
    attributes = {
        "title": titled(settings, dashboard.title),
        "description": dashboard.description,
        "version": 1,
        "timeRestore": True,
        "timeFrom": dashboard.since,
        "timeTo": "now",
        "refreshInterval": {"pause": False, "value": dashboard.refresh_seconds * 1000},
        "kibanaSavedObjectMeta": {"searchSourceJSON": _text({"query": {"query": "", "language": "kuery"}, "filter": []})},
        "optionsJSON": _text(
            {"useMargins": True, "syncColors": True, "syncCursor": True, "syncTooltips": False, "hidePanelTitles": False},
        ),
        "panelsJSON": _text([_panel(settings, each) for each in dashboard.panels]),
    }
    references = [_panel_reference(settings, each) for each in dashboard.panels]
    return _object(settings, "dashboard", dashboard.name, "dashboard", attributes, references)


def _panel(settings: Settings, panel: Panel | SearchPanel) -> Json:
    x, y, width, height = panel.place
    grid = {"x": x, "y": y, "w": width, "h": height, "i": panel.name}
    shown: Json = {"enhancements": {}, **({"timeRange": {"from": panel.since, "to": "now"}} if panel.since else {})}
    placed = {"panelIndex": panel.name, "gridData": grid, "title": panel.title}
    if isinstance(panel, SearchPanel):
        return {"type": "search", **placed, "embeddableConfig": shown, "panelRefName": f"panel_{panel.name}"}
    view = _VIEWS[panel.view]
    types = dict(by_index(settings)[settings.index(view.index)])
    made = lens.attributes(panel, view, object_id(settings, "view", view.name), types)
    return {"type": "lens", **placed, "embeddableConfig": {"attributes": made, **shown}}


def _panel_reference(settings: Settings, panel: Panel | SearchPanel) -> Json:
    if isinstance(panel, SearchPanel):
        return {"name": f"{panel.name}:panel_{panel.name}", "type": "search", "id": object_id(settings, "search", panel.search)}
    return _view_reference(settings, f"{panel.name}:{lens.REFERENCE}", panel.view)

"""The check finds what a Kibana would refuse or show empty. Each case spoils the file that we really ship in one place."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.kibana import alerting, check, check_rules, fields, objects
from pipeline.sections import Elasticsearch, Kibana
from pipeline.settings import Settings

SETTINGS = Settings(elasticsearch=Elasticsearch(index_prefix="desk1."), kibana=Kibana(keywords=["Raketentest", "Erdbeben"]))
KNOWN = fields.by_index(SETTINGS)

Json = dict[str, Any]


class Made:
    """The objects that we ship, to be spoilt."""

    def __init__(self) -> None:
        self.objects = copy.deepcopy(objects.saved_objects(SETTINGS))

    def one(self, kind: str, name: str) -> Json:
        return next(each for each in self.objects if each["id"] == objects.object_id(SETTINGS, kind, name))

    def panels(self, dashboard: str, change: Callable[[dict[str, Json]], None]) -> None:
        """Change the panels of a dashboard, by name."""
        attributes = self.one("dashboard", dashboard)["attributes"]
        panels = json.loads(attributes["panelsJSON"])
        change({each["panelIndex"]: each for each in panels})
        attributes["panelsJSON"] = json.dumps(panels)

    def chart(self, dashboard: str, panel: str, change: Callable[[Json], None]) -> None:
        self.panels(dashboard, lambda panels: change(panels[panel]["embeddableConfig"]["attributes"]))

    def columns(self, dashboard: str, panel: str, change: Callable[[Json], None]) -> None:
        self.chart(dashboard, panel, lambda chart: change(chart["state"]["datasourceStates"]["formBased"]["layers"]["main"]["columns"]))

    def problems(self) -> list[str]:
        return check.problems(objects.ndjson(self.objects), KNOWN)


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.mark.parametrize("prefix", ["", "desk1.", "a-b-"])
def test_what_we_ship_has_no_fault(prefix: str) -> None:
    settings = Settings(elasticsearch=Elasticsearch(index_prefix=prefix), kibana=Kibana(keywords=["Raketentest"], space="desk"))
    known = fields.by_index(settings)
    assert check.problems(objects.ndjson(objects.saved_objects(settings)), known) == []
    assert check_rules.rule_problems(alerting.wanted(settings), known) == []


def spoilt(made: Made, spoil: Callable[[Made], None]) -> str:
    spoil(made)
    return "\n".join(made.problems())


def twice(made: Made) -> None:
    made.objects.append(copy.deepcopy(made.one("search", "latest")))


OBJECTS: list[tuple[str, Callable[[Made], Any], str]] = [
    ("twice", twice, "search lagebild-desk1.search-latest is there twice"),
    ("no view", lambda made: made.objects.remove(made.one("view", "articles")), "refers to index-pattern lagebild-desk1.view-articles"),
    ("no search", lambda made: made.objects.remove(made.one("search", "open")), "refers to search lagebild-desk1.search-open"),
    (
        "newer type",
        lambda made: made.one("dashboard", "lage").update(typeMigrationVersion="8.9.0"),
        "typeMigrationVersion 8.9.0 is newer than 8.7.0",
    ),
    ("newer core", lambda made: made.one("search", "open").update(coreMigrationVersion="9.0.0"), "coreMigrationVersion 9.0.0 is newer"),
    ("no version", lambda made: made.one("search", "open").pop("typeMigrationVersion"), "has no typeMigrationVersion"),
    ("unknown attribute", lambda made: made.one("dashboard", "lage")["attributes"].update(sections=[]), "attribute sections is not one"),
    ("no text", lambda made: made.one("dashboard", "lage")["attributes"].update(optionsJSON={}), "optionsJSON is not JSON in a text"),
    ("broken text", lambda made: made.one("view", "articles")["attributes"].update(fields="["), "fields is not JSON in a text"),
    ("no title", lambda made: made.one("search", "open")["attributes"].update(title=""), "it has no title"),
    ("other type", lambda made: made.one("search", "open").update(type="lens"), "objects of the type lens are not made here"),
    (
        "index",
        lambda made: made.one("view", "alerts")["attributes"].update(title="news-alertz"),
        "no index template of ours makes 'news-alertz'",
    ),
    (
        "time field",
        lambda made: made.one("view", "alerts")["attributes"].update(timeFieldName="message"),
        "time field 'message' is no date",
    ),
    (
        "format",
        lambda made: made.one("view", "alerts")["attributes"].update(fieldFormatMap='{"url.nothing": {}}'),
        "formats the field url.nothing",
    ),
    ("column", lambda made: made.one("search", "open")["attributes"]["columns"].append("news.title"), "column news.title is no field"),
    ("kept only", lambda made: made.one("search", "latest")["attributes"]["columns"].append("news.hits"), "column news.hits is no field"),
    ("sort", lambda made: made.one("search", "latest")["attributes"].update(sort=[["news.title", "desc"]]), "sorted by news.title"),
    (
        "search reference",
        lambda made: made.one("search", "latest")["references"][0].update(name="other"),
        "does not name its data view through indexRefName",
    ),
]


@pytest.mark.parametrize(("spoil", "found"), [case[1:] for case in OBJECTS], ids=[case[0] for case in OBJECTS])
def test_a_spoilt_object_is_found(made: Made, spoil: Callable[[Made], None], found: str) -> None:
    assert found in spoilt(made, spoil)


def query(made: Made, text: str, language: str = "kuery") -> None:
    source = {"query": {"query": text, "language": language}, "filter": [], "indexRefName": "kibanaSavedObjectMeta.searchSourceJSON.index"}
    made.one("search", "latest")["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"] = json.dumps(source)


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("news.nothing : *", "kuery", "asks for news.nothing, which that index does not have"),
        ("news.source.id > 3", "kuery", "compares news.source.id, which is a keyword"),
        ("news.source.id :", "kuery", "cannot be read"),
        ("news.source.id:x", "lucene", "is in 'lucene'"),
    ],
)
def test_a_spoilt_query_is_found(made: Made, text: str, language: str, found: str) -> None:
    query(made, text, language)
    assert found in "\n".join(made.problems())


def test_a_good_comparison_is_none(made: Made) -> None:
    query(made, "news.revision > 1 and news.first_seen_at >= now-1d")
    assert made.problems() == []


def place(name: str, **grid: int) -> Callable[[dict[str, Json]], None]:
    return lambda panels: panels[name]["gridData"].update(grid)


PANELS: list[tuple[str, Callable[[dict[str, Json]], Any], str]] = [
    ("over another", place("publishers", x=6), "panel publishers lies over panel articles"),
    ("over the edge", place("matched", x=40), "panel matched does not stand on the 48 columns"),
    ("no width", place("matched", w=0), "panel matched does not stand on"),
    ("negative", place("matched", y=-1), "panel matched does not stand on"),
    ("gridData.i", lambda panels: panels["volume"]["gridData"].update(i="other"), "panel volume: gridData.i is 'other'"),
    ("same name", lambda panels: panels["volume"].update(panelIndex="articles"), "panel articles is there twice"),
    ("search", lambda panels: panels["latest"].update(panelRefName="panel_other"), "references lack latest:panel_other"),
]


@pytest.mark.parametrize(("spoil", "found"), [case[1:] for case in PANELS], ids=[case[0] for case in PANELS])
def test_a_spoilt_panel_is_found(made: Made, spoil: Callable[[dict[str, Json]], None], found: str) -> None:
    made.panels("lage", spoil)
    assert found in "\n".join(made.problems())


def test_a_reference_that_nothing_uses_is_found(made: Made) -> None:
    references = made.one("dashboard", "lage")["references"]
    references.append({**references[0], "name": "gone:indexpattern-datasource-layer-main"})
    assert "nothing uses its reference gone:indexpattern-datasource-layer-main" in "\n".join(made.problems())


def test_a_dashboard_without_panels_is_found(made: Made) -> None:
    made.one("dashboard", "lage")["attributes"]["panelsJSON"] = "[]"
    assert "it has no panels" in "\n".join(made.problems())


COLUMNS: list[tuple[str, Callable[[Json], Any], str]] = [
    ("no such field", lambda columns: columns["by0"].update(sourceField="news.nothing"), "that index has no field news.nothing"),
    ("a text", lambda columns: columns["by0"].update(sourceField="news.title"), "terms cannot work on news.title, which is a text"),
    ("kept only", lambda columns: columns["by0"].update(sourceField="news.entities"), "that index has no field news.entities"),
    ("a place", lambda columns: columns["measure1"].update(sourceField="news.entity.location"), "which is a geo_point"),
    ("count of a field", lambda columns: columns["measure0"].update(sourceField="news.title.raw"), "a count has the source field"),
    ("operation", lambda columns: columns["measure1"].update(operationType="formula"), "the operation formula is not used here"),
    ("bucket", lambda columns: columns["by0"].update(isBucketed=False), "isBucketed is wrong for terms"),
    ("order", lambda columns: columns["by0"]["params"]["orderBy"].update(columnId="measure2"), "ordered by 'measure2'"),
    ("size", lambda columns: columns["by0"]["params"].update(size=0), "does not ask for 1 to 1,000 values"),
    ("sort field", lambda columns: columns["measure2"]["params"].update(sortField="news.title.raw"), "which is no date"),
    ("filter", lambda columns: columns["measure2"]["filter"].update(query="news.nothing : *"), "asks for news.nothing"),
    ("max of a word", lambda columns: columns["measure3"].update(sourceField="news.title.raw"), "max cannot work on news.title.raw"),
]


@pytest.mark.parametrize(("spoil", "found"), [case[1:] for case in COLUMNS], ids=[case[0] for case in COLUMNS])
def test_a_spoilt_column_is_found(made: Made, spoil: Callable[[Json], None], found: str) -> None:
    made.columns("lage", "stories", spoil)
    assert found in "\n".join(made.problems())


def layer(chart: Json) -> Json:
    found: Json = chart["state"]["datasourceStates"]["formBased"]["layers"]["main"]
    return found


CHARTS: list[tuple[str, Callable[[Json], Any], str]] = [
    ("order", lambda chart: layer(chart)["columnOrder"].reverse(), "groupings do not come before its figures"),
    ("order lacks one", lambda chart: layer(chart)["columnOrder"].pop(), "columnOrder does not name each column once"),
    ("query", lambda chart: chart["state"]["query"].update(query="news.nothing : *"), "asks for news.nothing"),
    ("not shown", lambda chart: chart["state"]["visualization"]["columns"].pop(), "its picture shows"),
    ("other layer", lambda chart: chart["state"]["visualization"].update(layerId="other"), "its picture is of the layers ['other']"),
    ("other picture", lambda chart: chart.update(visualizationType="lnsGauge"), "the visualisation lnsGauge is not used here"),
    ("other view", lambda chart: chart["references"][0].update(id="lagebild-desk1.view-alerts"), "does not name one data view, the same"),
    (
        "layer name",
        lambda chart: chart["references"][0].update(name="indexpattern-datasource-layer-x"),
        "references lack stories:indexpattern",
    ),
]


@pytest.mark.parametrize(("spoil", "found"), [case[1:] for case in CHARTS], ids=[case[0] for case in CHARTS])
def test_a_spoilt_chart_is_found(made: Made, spoil: Callable[[Json], None], found: str) -> None:
    made.chart("lage", "stories", spoil)
    assert found in "\n".join(made.problems())


def test_a_percentile_needs_its_number(made: Made) -> None:
    made.columns("alerts", "slowest-time", lambda columns: columns["measure0"].update(params={}))
    assert "the percentile is not between 0 and 100" in "\n".join(made.problems())


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"{", "line 1 is no JSON"),
        (b"[]", "line 1 is no saved object: it has no type or no id"),
        (b'{"type": "search", "id": "x"}', "line 1 is no saved object: it has no attributes"),
    ],
)
def test_a_line_that_is_no_object_is_found(line: bytes, found: str) -> None:
    assert found in "\n".join(check.problems(line + b"\n", KNOWN))


def rules_with(change: Callable[[list[alerting.Posted]], Any]) -> str:
    made = copy.deepcopy(alerting.wanted(SETTINGS))
    change(made)
    return "\n".join(check_rules.rule_problems(made, KNOWN))


RULES: list[tuple[str, Callable[[list[alerting.Posted]], Any], str]] = [
    ("webhook", lambda made: made[0].create.update(connector_type_id=".webhook"), "need more than the Basic licence"),
    ("secret", lambda made: made[0].create.update(secrets={"password": "x"}), "it holds a secret"),
    ("twice", lambda made: made.append(made[2]), "is there twice"),
    ("no connector", lambda made: made.pop(1), "which is not ours"),
    ("rule type", lambda made: made[2].create.update(rule_type_id=".index-threshold"), "no Elasticsearch query rule"),
    ("search type", lambda made: made[2].create["params"].update(searchType="esqlQuery"), "no Elasticsearch query rule"),
    ("window", lambda made: made[2].create["params"].update(timeWindowSize=1), "window of 60 s is not longer than its interval of 1m"),
    ("time field", lambda made: made[2].create["params"].update(timeField="@timestamp"), "its window is not on event.ingested"),
    ("index", lambda made: made[2].create["params"].update(index=["news-*"]), "no index template of ours makes news-*"),
    ("group", lambda made: made[2].create["params"].update(termField="news.title"), "grouped by 'news.title', which is no keyword"),
    ("groups", lambda made: made[2].create["params"].update(termSize=1001), "1 to 1,000 groups"),
    ("hits", lambda made: made[2].create["params"].update(size=101), "1 to 100 hits"),
    ("query", lambda made: made[2].create["params"].update(esQuery='{"match": {}}'), 'no JSON with a "query"'),
    (
        "field",
        lambda made: made[2].create["params"].update(esQuery='{"query": {"bool": {"must_not": [{"exists": {"field": "news.x"}}]}}}'),
        "asks for news.x",
    ),
    ("group of action", lambda made: made[2].create["actions"][0].update(group="default"), "no action group 'default'"),
]


@pytest.mark.parametrize(("spoil", "found"), [case[1:] for case in RULES], ids=[case[0] for case in RULES])
def test_a_spoilt_rule_is_found(spoil: Callable[[list[alerting.Posted]], None], found: str) -> None:
    assert found in rules_with(spoil)


@pytest.mark.parametrize("id", ["news-alerts-log", "0c5c3366-68de-7f54-ab0a-a2b513278e7c", "0C5C3366-68DE-4F54-AB0A-A2B513278E7C"])
def test_an_id_that_kibana_does_not_take_is_found(id: str) -> None:
    made = alerting.wanted(SETTINGS)
    named = [alerting.Posted("rule", id, each.name, each.create, each.update) if each.kind == "rule" else each for each in made[:3]]
    assert "is no UUID of version 1 or 4" in "\n".join(check_rules.rule_problems(named, KNOWN))

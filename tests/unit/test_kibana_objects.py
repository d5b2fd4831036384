"""What is made of the source: the same every time, apart for each installation, and in the versions of Kibana 8.8."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pipeline.kibana import alerting, objects
from pipeline.kibana.content import SEARCHES, VIEWS
from pipeline.kibana.dashboards import DASHBOARDS
from pipeline.kibana.fields import by_index
from pipeline.kibana.watches import watches
from pipeline.sections import Elasticsearch, Kibana
from pipeline.settings import Settings


def made(prefix: str = "", **kibana: object) -> Settings:
    return Settings(elasticsearch=Elasticsearch(index_prefix=prefix), kibana=Kibana.model_validate(kibana))


def test_it_is_the_same_file_in_every_process() -> None:
    program = "from pipeline.kibana import objects; from pipeline.settings import Settings; import sys; "
    program += "sys.stdout.buffer.write(objects.ndjson(objects.saved_objects(Settings())))"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env={"PYTHONHASHSEED": "7"})
    assert other.stdout == objects.ndjson(objects.saved_objects(Settings()))


def test_what_others_refer_to_comes_first() -> None:
    types = [each["type"] for each in objects.saved_objects(Settings())]
    assert types == ["index-pattern"] * len(VIEWS) + ["search"] * len(SEARCHES) + ["dashboard"] * len(DASHBOARDS)


def test_the_prefix_reaches_indices_ids_and_titles() -> None:
    found = objects.saved_objects(made("desk1."))
    views = {each["attributes"]["title"] for each in found if each["type"] == "index-pattern"}
    assert views <= by_index(made("desk1.")).keys() and "desk1.news-articles" in views
    assert not {each["id"] for each in found} & {each["id"] for each in objects.saved_objects(Settings())}
    assert {"Lage (desk1)", "Alerts (desk1)", "Sources (desk1)"} <= {each["attributes"]["title"] for each in found}
    rule = alerting.wanted(made("desk1."))[-1]
    assert rule.create["params"]["index"] == ["desk1.news-alerts"] and "lagebild-desk1" in rule.create["tags"]


def test_panels_keep_a_time_range_of_their_own() -> None:
    alerts = next(each for each in objects.saved_objects(Settings()) if each["id"] == "lagebild-dashboard-alerts")
    ranges = {each["panelIndex"]: each["embeddableConfig"].get("timeRange") for each in json.loads(alerts["attributes"]["panelsJSON"])}
    assert ranges["open"] == ranges["open-list"] == {"from": "now-90d", "to": "now"}, "an episode that nobody touched for days is open"
    assert ranges["matches"] is None


def test_fixed_ids_differ_by_what_makes_them_different_and_by_nothing_else() -> None:
    ids = {alerting.fixed_id(settings, name) for settings in (made(), made("a."), made(space="a")) for name in ("x", "y")}
    assert len(ids) == 6
    assert alerting.fixed_id(made(space="default"), "x") == alerting.fixed_id(made(), "x")
    # Rules that teams have must stay theirs: a change of this id would make a second set beside them.
    assert alerting.fixed_id(made(), "rule-episodes") == "8763e0be-e49a-4e48-9893-f9d01dfc468d"


def test_a_keyword_is_watched_in_the_form_that_the_index_holds() -> None:
    found = watches(made(keywords=["Raketen-Test", "raketentest", "Köln"], severities=[]))
    assert [each.name for each in found] == ["keyword-raketentest", "keyword-koeln"]
    assert alerting.wanted(made(severities=[])) == [], "no rule, no connector"


@pytest.mark.parametrize(
    ("prefix", "name"), [("", "logs-news.alert-default"), ("desk1.", "logs-news.alert-desk1"), ("a-b-", "logs-news.alert-a_b")]
)
def test_what_rang_goes_to_a_data_stream_of_its_own(prefix: str, name: str) -> None:
    assert alerting.wanted(made(prefix))[1].create["config"]["index"] == name


def test_the_message_of_a_rule_shows_the_hit() -> None:
    log, index = alerting.wanted(made(keywords=["Raketentest"]))[2].create["actions"]
    assert log["params"]["message"] == (
        "{{rule.name}}: {{#context.hits}}{{_source.news.title}} {{_source.url.full}}{{/context.hits}} ({{alert.id}})"
    )
    assert index["params"]["documents"][0]["@timestamp"] == "{{date}}", "a data stream takes no document without its time"

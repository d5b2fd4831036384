"""Setting up a full Elasticsearch, and those that lack a part of it: the small one of the tests lacks them all."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from pipeline import search
from pipeline.cli import app
from pipeline.index import analysis, templates
from pipeline.index.apply import Change, NewIndices, apply, apply_to, suited
from pipeline.index.lifecycle import policies
from pipeline.index.mappings import ANALYSERS
from pipeline.sections import Elasticsearch
from pipeline.settings import Settings
from tests.fake_elasticsearch import FakeElasticsearch, full_elasticsearch

MONTH = "x-news-articles-2026.10"


@pytest.fixture
def fake() -> Generator[FakeElasticsearch]:
    with full_elasticsearch() as made:
        yield made


def settings(fake: FakeElasticsearch, **changes: Any) -> Settings:
    return Settings(elasticsearch=Elasticsearch(url=fake.url, index_prefix="x-", **changes))


def done(changes: list[Change]) -> dict[tuple[str, str], str]:
    return {(each.kind, each.name.removeprefix("x-news-")): each.change for each in changes}


def fields_of(fake: FakeElasticsearch, name: str) -> dict[str, str]:
    found: dict[str, dict[str, str]] = fake.templates["x-news-articles"]["template"]["mappings"]["properties"]["news"]["properties"][name][
        "properties"
    ]
    return {code: each["analyzer"] for code, each in found.items()}


def test_a_full_server_gets_everything_and_the_second_time_nothing(fake: FakeElasticsearch) -> None:
    first = done(apply(settings(fake)))
    assert set(first.values()) == {"created"}
    assert {name for kind, name in first if kind == "policy"} == {"articles", "rejected"}
    assert {name for kind, name in first if kind == "template"} >= {"articles", "rejected", "alerts", "sources"}
    assert fake.writes[0] == "PUT /_ilm/policy/x-news-articles", "the policy is there before the template that names it"
    fake.writes.clear()
    assert set(done(apply(settings(fake))).values()) == {"unchanged"}
    assert fake.writes == []


def test_every_language_has_its_analyser_and_german_one_of_ours(fake: FakeElasticsearch) -> None:
    apply(settings(fake))
    for name in ("title_by_language", "summary_by_language", "body_by_language"):
        assert fields_of(fake, name) == {**ANALYSERS, "de": analysis.GERMAN}
    assert fake.templates["x-news-articles"]["template"]["settings"]["index"]["analysis"] == analysis.SETTINGS
    assert "analysis" not in fake.templates["x-news-alerts"]["template"]["settings"]["index"]


def test_a_language_that_the_server_lacks_is_indexed_word_by_word(fake: FakeElasticsearch) -> None:
    fake.analysers -= {"serbian", "estonian"}
    fake.parts = False
    apply(settings(fake))
    assert fields_of(fake, "body_by_language") == {**ANALYSERS, "sr": "standard", "et": "standard"}, "German has the shipped one"
    assert "analysis" not in fake.templates["x-news-articles"]["template"]["settings"]["index"]


def test_months_are_kept_as_long_as_configured_counted_from_their_end(fake: FakeElasticsearch) -> None:
    apply(settings(fake, retention_days=90))
    phases = fake.policies["x-news-articles"]["phases"]
    assert {name: each["min_age"] for name, each in phases.items()} == {"hot": "0ms", "warm": "30d", "delete": "90d"}
    assert phases["delete"]["actions"] == {"delete": {"delete_searchable_snapshot": True}}
    assert not any("readonly" in each["actions"] or "forcemerge" in each["actions"] for each in phases.values()), (
        "a late revision is written"
    )
    assert {name: each["min_age"] for name, each in fake.policies["x-news-rejected"]["phases"].items()} == {"hot": "0ms", "delete": "30d"}

    fake.create(MONTH)
    assert fake.indices[MONTH]["settings"]["index"]["lifecycle"] == {"name": "x-news-articles"}, "from the template"
    assert done(apply(settings(fake, retention_days=90)))[("index", "articles-2026.10")] == "lifecycle set"
    counted_from = datetime.fromtimestamp(int(fake.indices[MONTH]["settings"]["index"]["lifecycle"]["origination_date"]) / 1000, UTC)
    assert counted_from == datetime(2026, 11, 1, tzinfo=UTC)
    assert set(done(apply(settings(fake, retention_days=90))).values()) == {"unchanged"}


def test_a_month_that_begins_while_the_indexer_runs_is_looked_after_once(fake: FakeElasticsearch) -> None:
    apply(settings(fake))
    with search.Server(settings(fake), request_seconds=2) as server:
        new = NewIndices(server, settings(fake))
        fake.create(MONTH)
        fake.away = True
        new.written({MONTH})
        fake.away = False
        assert "origination_date" not in fake.indices[MONTH]["settings"]["index"]["lifecycle"]
        new.written({MONTH})
        assert "origination_date" in fake.indices[MONTH]["settings"]["index"]["lifecycle"]
        asked = fake.asked
        new.written({MONTH})
        assert fake.asked == asked, "an index that was seen costs nothing"


def test_another_retention_replaces_the_policy_and_a_dry_run_only_says_so(fake: FakeElasticsearch) -> None:
    apply(settings(fake))
    fake.create(MONTH)
    fake.writes.clear()
    told = apply(settings(fake, retention_days=20), dry_run=True)
    assert done(told)[("policy", "articles")] == "replaced" and done(told)[("index", "articles-2026.10")] == "lifecycle set"
    assert '"min_age": "400d"' in next(each.diff for each in told if each.change == "replaced")
    assert fake.writes == []
    apply(settings(fake, retention_days=20))
    assert {name: each["min_age"] for name, each in fake.policies["x-news-articles"]["phases"].items()} == {"hot": "0ms", "delete": "20d"}


def shown(fake: FakeElasticsearch, folder: Path, *options: str, retention_days: int = 400) -> tuple[str, str]:
    """What `lagebild index apply` says, on stdout and on stderr."""
    config = folder / "lagebild.yaml"
    config.write_text(f"elasticsearch: {{url: '{fake.url}', index_prefix: x-, retention_days: {retention_days}}}\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["index", "apply", *options, "--config", str(config)])
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_the_command_says_in_a_few_lines_what_it_does_or_would_do(fake: FakeElasticsearch, tmp_path: Path) -> None:
    out, err = shown(fake, tmp_path, "--dry-run")
    assert fake.writes == [] and len(out.splitlines()) == 11 and out.count("would be created") == 9
    assert err == "Nothing was changed; 9 of 9 would be.\n", "no log lines beside the table"
    assert shown(fake, tmp_path)[1] == "9 of 9 changed.\n"
    assert shown(fake, tmp_path, "--dry-run")[1] == "Nothing to change.\n"
    fake.mode = "STOPPED"
    out, err = shown(fake, tmp_path, "--dry-run", retention_days=20)
    assert "would be replaced  +1 −9 lines" in out and "min_age" not in out
    assert err.startswith("note: this Elasticsearch lacks running lifecycle management: old months stay")
    assert '+   "min_age": "20d"' in shown(fake, tmp_path, "--dry-run", "--diff", retention_days=20)[0]
    told = json.loads(shown(fake, tmp_path, "--dry-run", "--json", retention_days=20)[0])
    assert [(each["name"], each["change"]) for each in told if each["change"] != "unchanged"] == [("x-news-articles", "replaced")]
    assert all(each["dry_run"] for each in told)


def test_a_policy_that_a_team_made_its_own_stays(fake: FakeElasticsearch) -> None:
    apply(settings(fake))
    own = {"phases": {"hot": {"min_age": "0ms", "actions": {}}}, "_meta": {"managed_by": "the cluster team"}}
    fake.policies["x-news-articles"] = own
    assert done(apply(settings(fake)))[("policy", "articles")] == "left alone"
    assert fake.policies["x-news-articles"] == own


def test_an_older_index_gets_the_fields_and_the_lifecycle_that_it_lacks(fake: FakeElasticsearch) -> None:
    """It was made before our analyser was there, and an index cannot be given one later."""
    fake.indices[MONTH] = {"aliases": {}, "mappings": {"properties": {"message": {"type": "text"}}}, "settings": {"index": {}}}
    fake.indices["x-news-articles-notes"] = {"aliases": {"x-news-articles": {}}, "mappings": {"properties": {}}, "settings": {"index": {}}}
    assert done(apply(settings(fake)))[("index", "articles-2026.10")] == "fields added"
    added = fake.indices[MONTH]["mappings"]["properties"]["news"]["properties"]["body_by_language"]["properties"]
    assert (added["de"]["analyzer"], added["fr"]["analyzer"]) == ("standard", "french")
    assert fake.indices[MONTH]["settings"]["index"]["lifecycle"]["name"] == "x-news-articles"
    assert "lifecycle" not in fake.indices["x-news-articles-notes"]["settings"]["index"], "it has no month"
    assert (
        suited({"de": {"type": "text", "analyzer": analysis.GERMAN}}, {"index": {"analysis": analysis.SETTINGS}})["de"]["analyzer"]
        == analysis.GERMAN
    )


@pytest.mark.parametrize(
    ("mode", "parts", "missing"),
    [
        ("RUNNING", True, []),
        ("STOPPED", True, ["running lifecycle management"]),
        ("", True, ["lifecycle management"]),
        ("", False, ["language analysers (all)", "lifecycle management"]),
    ],
)
def test_what_a_server_lacks_is_said_once_with_what_follows(fake: FakeElasticsearch, mode: str, parts: bool, missing: list[str]) -> None:
    fake.mode, fake.parts = mode, parts
    if not parts:
        fake.analysers.clear()
    with capture_logs() as logs, search.Server(settings(fake)) as server:
        for _ in range(3):
            apply_to(server, settings(fake))
    said = [each for each in logs if each["event"] == "Elasticsearch lacks something"]
    assert [each["missing"] for each in said] == missing
    assert all(each["so"] for each in said)
    assert bool(fake.policies) is bool(mode)
    assert ("lifecycle" in fake.templates["x-news-articles"]["template"]["settings"]["index"]) is bool(mode)


def test_both_ways_to_remove_months_agree() -> None:
    """What the server's policy deletes is what `lagebild index retention` deletes: the same days after the same instant."""
    from pipeline.index.retention import expired

    made = Settings()
    days = int(policies(made)[templates.ARTICLES]["phases"]["delete"]["min_age"].removesuffix("d"))
    end = datetime(2026, 11, 1, tzinfo=UTC)
    name = "news-articles-2026.10"
    assert expired([name], templates.ARTICLES, end + timedelta(days=days), made.elasticsearch.retention_days) == [name]
    assert expired([name], templates.ARTICLES, end + timedelta(days=days, seconds=-1), made.elasticsearch.retention_days) == []

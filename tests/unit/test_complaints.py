"""What the desk is told about sources, when, and once; and that the built-in rule rings for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors._collect import complaints, schedule
from connectors._collect.complaints import Complaint
from pipeline import article
from pipeline.commands.rules_folder import rule_set
from pipeline.errors import Transient
from pipeline.plugins import Batch
from pipeline.rules.load import load_folder
from pipeline.settings import Settings
from pipeline.sources import SourceHealth
from pipeline.tryout import try_articles
from tests import builders

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GOOD = schedule.after_batch(SourceHealth(source_id="tb", name="Tagesblatt"), Batch((builders.article(),)), NOON)


def complaint(health: SourceHealth, after: timedelta) -> Complaint | None:
    now = NOON + after
    return complaints.due(schedule.in_state(health, paused=False, every_seconds=60, started_at=NOON, now=now), NOON, now)


def failed(times: int) -> SourceHealth:
    health = GOOD
    for _ in range(times):
        health = schedule.after_failure(health, Transient("no answer", kind="timeout"), NOON)
    return health


def told(health: SourceHealth, kind: str, at: datetime = NOON) -> SourceHealth:
    return complaints.noted(health, Complaint(kind, at), at)


@pytest.mark.parametrize(
    ("health", "after", "kind"),
    [
        (GOOD, timedelta(minutes=1), None),
        (failed(1), timedelta(hours=5), None),
        (failed(9), timedelta(minutes=5), None),
        (failed(3), timedelta(minutes=16), "failing"),
        (told(failed(3), "failing"), timedelta(days=3), None),
        (replace(GOOD, is_unreadable=True), timedelta(minutes=5), None),
        (replace(GOOD, is_unreadable=True), timedelta(minutes=16), "failing"),
        (GOOD, timedelta(hours=25), "silent"),
        (told(GOOD, "silent"), timedelta(hours=26), None),
        (told(GOOD, "silent"), timedelta(minutes=1), "recovered"),
        (told(told(GOOD, "silent"), "recovered"), timedelta(minutes=1), None),
        (replace(GOOD, possible_losses=1), timedelta(0), "losing"),
        (replace(GOOD, left_out=7), timedelta(0), "losing"),
        (told(replace(GOOD, left_out=7), "losing"), timedelta(days=3), "silent"),
        (replace(told(replace(GOOD, left_out=7), "losing"), left_out=9), timedelta(hours=23), None),
        (replace(told(replace(GOOD, left_out=7), "losing"), left_out=9), timedelta(hours=24), "losing"),
    ],
)
def test_a_lasting_state_is_told_once_and_its_end_too(health: SourceHealth, after: timedelta, kind: str | None) -> None:
    found = complaint(health, after)
    assert (found.kind if found else None) == kind


def test_what_cannot_be_read_is_told_in_words_of_its_own() -> None:
    health = replace(GOOD, is_unreadable=True, unreadable_note="1 of 1 items could not be read")
    told_so = complaints.article(Complaint("failing", NOON), health, "en", NOON)
    assert told_so.body == (
        "Tagesblatt answers, but nothing of it could be read since 2026-11-20 12:00 UTC. The last: 1 of 1 items could not be read"
    )


def test_the_same_state_is_the_same_article_and_the_next_time_is_another() -> None:
    def made(since: datetime, now: datetime) -> article.Article:
        return complaints.article(Complaint("silent", since), GOOD, "de", now)

    assert made(NOON, NOON).id == made(NOON, NOON + timedelta(hours=1)).id != made(NOON + timedelta(days=1), NOON).id
    assert article.decode(article.encode(made(NOON, NOON))) == made(NOON, NOON)


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("kind", ["failing", "silent", "losing", "recovered", "canary", "canary_back"])
def test_the_built_in_rule_rings_for_every_kind_in_both_languages(language: str, kind: str, tmp_path: Path) -> None:
    loaded = load_folder(tmp_path, built_in_rules=["sources"])
    assert loaded.problems == ()
    health = replace(failed(3), silent_after_seconds=7_200.0, possible_losses=2, note="Öfter fragen.")
    report = complaints.article(Complaint(kind, NOON), health, language, datetime.now(UTC))
    other = replace(builders.article(), title="Eine Quelle im Ministerium: keine Source", body="Quelle", original=b"x")
    tried = try_articles([report, other], Settings(enrichers=[]), rule_set(loaded))
    assert {each.id: [match.rule_id for match in each.matches] for each in tried.articles}[report.id] == ["sources"]
    assert all(not each.matches for each in tried.articles if each.id != report.id)
    assert "Tagesblatt" in report.title and "{" not in report.body

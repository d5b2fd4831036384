from __future__ import annotations

from pathlib import Path

from pipeline.commands.rules import rule_set
from pipeline.rules.load import load_folder
from pipeline.settings import Settings
from pipeline.tryout import Tried, try_files
from tests.shared_data import shared

RULES = Path(__file__).parents[2] / "pipeline" / "demo" / "samples" / "rules"


def tried(*paths: Path) -> Tried:
    return try_files(paths, Settings(), rule_set(load_folder(RULES)))


def test_a_file_goes_through_all_stages_without_a_server(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(
        "Raketentest in Nordkorea\n2026-11-20\nAutor: Mia\nNordkorea hat einen Raketentest gemeldet.\n", encoding="utf-8"
    )
    found = tried(tmp_path).articles[0]
    assert (found.title, found.authors) == ("Raketentest in Nordkorea", ("Mia",))
    assert [match.rule_id for match in found.matches] == ["de-raketentest"]
    assert "iso:KP" in [entity.id for entity in found.entities]


def test_copies_share_a_story_and_repeats_are_dropped(tmp_path: Path) -> None:
    text = " ".join(f"Satz {number} über die Sitzung des Rates in der Stadt am Fluss." for number in range(12))
    (tmp_path / "a.json").write_text(
        f'[{{"guid": "1", "title": "Sitzung", "body": "{text}"}}, {{"guid": "1", "title": "Sitzung", "body": "{text}"}}]'
    )
    (tmp_path / "b.json").write_text(f'{{"guid": "2", "title": "Sitzung des Rates", "body": "{text} Ende."}}')
    result = tried(tmp_path)
    stories = {article.guid: article.story for article in result.articles}
    assert stories["1"] and stories["2"] and stories["1"].id == stories["2"].id
    assert [outcome.reason for outcome in result.outcomes] == ["repeat"]


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "broken.ndjson").write_text('{"guid": "1", "title": "Gut", "body": "Text."}\n{broken\n')
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 20)
    result = tried(tmp_path)
    assert [article.title for article in result.articles] == ["Gut"]
    assert len(result.unreadable) == 2


def test_the_seed_articles_come_out_as_they_must() -> None:
    by_file = {article.title: article for article in tried(shared("seeds")).articles}
    first = next(article for title, article in by_file.items() if "stärken" in title)
    second = next(article for title, article in by_file.items() if "Allianz" in title)
    assert (first.language.code, second.language.code) == ("de", "de")
    assert first.matches == ()
    hits = [hit for match in second.matches if match.rule_id == "de-raketentest" for hit in match.hits]
    assert [second.body[hit.start : hit.end] for hit in hits] == ["Raketentest"]
    assert second.dates.published_at is not None
    assert second.dates.published_at.date().isoformat() == "2025-01-06"
    assert second.authors == ("Noah",)
    assert {"iso:KP", "iso:RU"} <= {entity.id for entity in second.entities}

"""`lagebild feeds extract`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from tests.local_servers import serving

PAGE = Path(__file__).parent / "samples" / "web" / "4711.html"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_saved_page_and_the_same_page_from_a_server_are_told_alike() -> None:
    saved = CliRunner().invoke(app, ["feeds", "extract", str(PAGE), "--json"])
    pages = {"/robots.txt": (404, {}, b""), "/x": (200, {"Content-Type": "text/html"}, PAGE.read_bytes())}
    with serving(lambda path, _headers: pages[path]) as (url, _):
        refused = CliRunner().invoke(app, ["feeds", "extract", f"{url}/x", "--json"])
        served = CliRunner().invoke(app, ["feeds", "extract", f"{url}/x", "--json", "--allow-private", "127.0.0.1"])
    assert (saved.exit_code, served.exit_code, refused.exit_code) == (0, 0, 1) and "add --allow-private 127.0.0.1" in refused.stderr
    told, same = json.loads(saved.stdout), json.loads(served.stdout)
    assert told["title"] == "Brand im Hafen gelöscht" and told["authors"] == ["Mara Muster"] and told["flags"] == []
    assert told["dates"]["published_at"] == "2026-11-20T17:05:00Z" and told["dates"]["updated_at"] == "2026-11-20T18:00:00Z"
    assert told["body"].startswith("Die Feuerwehr") and told["words"] == len(told["body"].split())
    assert same["url"] == f"{url}/hafen/brand-im-hafen-geloescht-4711.html"
    for each in (told, same):
        del each["url"], each["canonical_url"], each["seconds"]
    assert told == same


def test_a_page_without_text_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "leer.html").write_text("<html><title>Nur ein Titel</title><body></body></html>")
    result = CliRunner().invoke(app, ["feeds", "extract", "leer.html"])
    assert result.exit_code == 1 and "No text was found." in result.stdout


def test_people_get_a_table_and_the_text() -> None:
    shown = CliRunner().invoke(app, ["feeds", "extract", str(PAGE)]).stdout
    assert "Brand im Hafen gelöscht" in shown and "Mara Muster" in shown and "In der Halle lagerten" in shown


@pytest.mark.parametrize(
    ("page", "code"), [("/tmp", 2), ("nirgends.html", 2), ("https://nutzer:geheim@www.example.org/", 1), ("http://127.0.0.1:9/", 1)]
)
def test_what_cannot_be_read_is_told(page: str, code: int) -> None:
    result = CliRunner().invoke(app, ["feeds", "extract", page])
    assert result.exit_code == code and len(result.stderr.split()) > 4 and "geheim" not in result.stderr

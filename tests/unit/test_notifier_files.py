"""Channels of this machine: terminal, file, and the Atom feed of a rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree

from pipeline.errors import GiveUp
from pipeline.notifiers import atom, console, file
from pipeline.plugins import Context
from tests.channels import ATOM, LINK, alert

HOSTILE = "[bold]x[/bold] \x1b[31m\x9b2J\u202e\u2028<script>Raketentest\n\x00"


def test_the_terminal_shows_one_line_with_the_word_marked_and_nothing_that_steers_it(capsys: pytest.CaptureFixture[str]) -> None:
    console.create(console.Options(), Context("desk")).notify(alert(HOSTILE))
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert "»Raketentest«" in written and "[bold]x[/bold]" in written
    assert "Blatt (DE)" in written and LINK in written and "new: zwei" in written
    assert not [each for each in written[:-1] if not each.isprintable()]


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"kind": "drill", "why": "drill"}, "DRILL"),
        ({"kind": "corrected", "why": "corrected"}, "CORRECTED"),
        ({"kind": "escalation", "why": "not_acknowledged"}, "NOT ACKNOWLEDGED"),
        ({"kind": "channel", "why": "channel_failed", "text": "Der Kanal phone nimmt nichts an."}, "Der Kanal phone nimmt nichts an."),
    ],
)
def test_the_terminal_says_why_it_rings(changes: dict[str, Any], shown: str) -> None:
    assert shown in console.payload(alert(**changes), console.Options())


def noting(folder: Path, path: str = "alerts.jsonl") -> file.FileNotifier:
    return file.create(file.Options(path=path), Context("desk", folder))


def test_the_file_holds_each_message_as_a_line_that_reads_back(tmp_path: Path) -> None:
    notifier = noting(tmp_path)
    notifier.notify(alert(HOSTILE))
    notifier.notify(alert(HOSTILE, notification_id="n2"))
    text = (tmp_path / "alerts.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.split("\n")[:-1]] == [alert(HOSTILE), alert(HOSTILE, notification_id="n2")]
    assert not [each for each in text if not each.isprintable() and each != "\n"]


def test_a_torn_last_line_stays_alone_and_a_possible_repeat_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "alerts.jsonl"
    notifier = noting(tmp_path, "deep/alerts.jsonl")
    notifier.notify(alert())
    with path.open("ab") as torn:
        torn.write(b'{"notification_id":"n2","head')
    for _ in range(2):
        notifier.notify({**alert(), "possible_duplicate": True})
        notifier.notify({**alert(notification_id="n2"), "possible_duplicate": True})
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert [json.loads(lines[number])["notification_id"] for number in (0, 2)] == ["n1", "n2"]


def test_a_path_that_cannot_be_written_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(GiveUp, match="directory"):
        noting(tmp_path, ".").notify(alert())
    (tmp_path / "feeds").write_text("a file", encoding="utf-8")
    with pytest.raises(GiveUp, match="cannot be written"):
        feeding(tmp_path).notify(alert())


def feeding(folder: Path, **options: Any) -> atom.AtomNotifier:
    return atom.create(atom.Options.model_validate({"folder": "feeds", **options}), Context("desk", folder))


def test_a_feed_holds_the_newest_message_of_each_episode_newest_first_and_no_more_than_wanted(tmp_path: Path) -> None:
    notifier = feeding(tmp_path, entries=3)
    for number in range(5):
        notifier.notify(alert(f"Raketentest {number}", episode_id=f"e{number}", notification_id=f"n{number}"))
    notifier.notify(alert("Raketentest nachgemeldet", episode_id="e3", notification_id="n9"))
    notifier.notify(alert("Raketentest nachgemeldet", episode_id="e3", notification_id="n9"))
    feed = feedparser.parse((tmp_path / "feeds" / "raketentest.atom").read_bytes())
    assert not feed.bozo
    assert [each.id for each in feed.entries] == ["urn:lagebild:e3", "urn:lagebild:e4", "urn:lagebild:e2"]
    assert "nachgemeldet" in feed.entries[0].title and feed.entries[0].link == LINK
    assert feed.feed.title == "Raketentests" and not list((tmp_path / "feeds").glob(".*"))


def test_each_rule_has_its_feed_and_no_name_of_a_rule_leaves_the_folder(tmp_path: Path) -> None:
    notifier = feeding(tmp_path)
    for rule in ("beben", "../../evil", "", "raketentest"):
        notifier.notify(alert(rule_id=rule, episode_id=f"e-{rule}"))
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"beben.atom", "lagebild.atom", "raketentest.atom"}


@pytest.mark.parametrize("content", [b"", b"<feed>", b"\xff\xfe", b'<!DOCTYPE x [<!ENTITY a "b">]><feed>&a;</feed>'])
def test_a_feed_that_cannot_be_read_is_kept_aside_and_begun_anew(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "feeds" / "raketentest.atom"
    path.parent.mkdir()
    path.write_bytes(content)
    feeding(tmp_path).notify(alert(HOSTILE))
    assert len(etree.parse(path).getroot().findall(f"{ATOM}entry")) == 1
    damaged = path.with_name("raketentest.atom.damaged")
    assert not damaged.exists() or damaged.read_bytes() == content

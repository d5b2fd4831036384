"""One episode as evidence: complete, checked, and the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.article import FIELDS, Article, Clock, Hit, Match, Position
from pipeline.inquiry.evidence import Bundle, Found, about, article_ids, bundle, zipped
from pipeline.stages.identify import hash_of
from pipeline.text.tokens import analyse
from tests.builders import NOON, article
from tests.decided import Desk, episode, member, notification

ORIGINAL = "<p>Nordkorea hat am Montag einen Raketentest gemeldet.</p>".encode("latin-1")


@dataclass(frozen=True)
class Version:
    version: str
    text: str = "id: raketentest\n"
    rule_id: str = "raketentest"
    at: datetime = NOON
    by: str = "Anna"


def revision(**changes: Any) -> Article:
    plain = article(**changes)
    start = plain.title.find("Raketentest")
    hit = Hit(
        term="Raketentest",
        surface="Raketentest",
        mode="exact",
        field="title",
        start=start,
        end=start + 11,
        sentence_start=0,
        sentence_end=len(plain.title),
        sentence_id="s",
    )
    given = {
        "revision": 1,
        "original": ORIGINAL,
        "original_sha256": hashlib.sha256(ORIGINAL).hexdigest(),
        "content_hash": hash_of(plain, {field: analyse(getattr(plain, field)) for field in FIELDS}),
        "matches": (Match(id="m1", rule_id="raketentest", rule_version="v1", title="R", severity="high", hits=(hit,)),),
        "clock": Clock(fetched_at=NOON, enriched_at=NOON),
        "position": Position("articles.collected", 0, 7),
    }
    return article(**{**given, **changes})


def found(*revisions: Article, **changes: Any) -> Found:
    desk = Desk(episode(members=(member("a1"),), rule_version="v1"))
    audit = (desk.say("acknowledge", "Anna", text="calling").audit,)
    plain = {
        "episode": desk.first,
        "revisions": [(f"evidence/0/{number}", each) for number, each in enumerate(revisions)],
        "notifications": (notification(),),
        "audit": audit,
        "versions": (Version("v1"),),
    }
    return Found(**{**plain, **changes})


def manifest(made: Bundle) -> dict[str, Any]:
    read = json.loads(made.files["manifest.json"])
    assert isinstance(read, dict)
    return read


def test_the_archive_holds_texts_original_bytes_rule_deliveries_and_decisions() -> None:
    made = bundle(found(revision()))
    assert made.faults == ()
    assert list(made.files) == [
        "README.txt",
        "articles/a1/revision-1/article.json",
        "articles/a1/revision-1/body.txt",
        "articles/a1/revision-1/original.bin",
        "articles/a1/revision-1/title.txt",
        "decisions.json",
        "deliveries.json",
        "episode.json",
        "manifest.json",
        "rules/raketentest-v1.yaml",
        "silences.json",
        "timeline.txt",
        "SHA256SUMS",
    ]
    assert made.files["articles/a1/revision-1/original.bin"] == ORIGINAL
    assert made.files["articles/a1/revision-1/title.txt"].decode() == "Nordkorea meldet einen Raketentest"
    assert made.files["rules/raketentest-v1.yaml"] == b"id: raketentest\n"
    assert json.loads(made.files["deliveries.json"])[0]["receiver"] == "desk"
    assert json.loads(made.files["decisions.json"])[0]["command"]["by"] == "Anna"
    (described,) = manifest(made)["revisions"]
    assert described["checks"] == {"original": "same", "text": "same", "marked_words": "same"}
    assert (described["evidence_at"], described["collected_at"]) == ("evidence/0/0", "articles.collected/0/7")


def test_every_file_is_in_the_manifest_with_its_hash_and_the_sums_are_those_of_the_usual_tool(tmp_path: Path) -> None:
    made = bundle(found(revision()))
    listed = {each["path"]: each["sha256"] for each in manifest(made)["files"]}
    assert listed == {path: hashlib.sha256(content).hexdigest() for path, content in made.files.items() if path in listed}
    assert made.files.keys() - listed.keys() == {"manifest.json", "SHA256SUMS"}
    with zipfile.ZipFile(io.BytesIO(zipped(made.files))) as archive:
        archive.extractall(tmp_path)
    checked = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_the_same_records_make_the_same_archive_in_whatever_order_they_were_read() -> None:
    first, second = revision(), revision(revision=2, title="Nordkorea bestätigt Raketentest")
    once = zipped(bundle(found(first, second)).files)
    given = found(first, second)
    turned = Found(given.episode, list(reversed(given.revisions)), given.notifications, given.audit, versions=given.versions)
    assert zipped(bundle(found(first, second)).files) == once
    assert zipped(bundle(turned).files) == once


@pytest.mark.parametrize(
    ("changes", "check", "said"),
    [
        ({"original": b"other"}, ("original", "differs"), "the original bytes are not as noted"),
        ({"original": b""}, ("original", "not kept"), ""),
        ({"original_sha256": ""}, ("original", "nothing noted"), ""),
        ({"content_hash": "0" * 32}, ("text", "differs"), "the text is not as noted"),
        ({"title": "Nordkorea meldet nichts"}, ("marked_words", "differs"), "a marked word is not as noted"),
    ],
)
def test_what_does_not_agree_with_what_was_noted_is_named(changes: dict[str, Any], check: tuple[str, str], said: str) -> None:
    whole = revision()
    changed = {**{name: getattr(whole, name) for name in ("matches", "content_hash")}, **changes}
    made = bundle(found(revision(**changed)))
    (described,) = manifest(made)["revisions"]
    name, verdict = check
    assert described["checks"][name] == verdict
    if said:
        assert any(said in each for each in made.faults)


def test_missing_articles_and_rule_versions_are_named_and_revisions_of_other_rules_left_out() -> None:
    other = revision(matches=(Match(id="m2", rule_id="beben", rule_version="v1", title="B", severity="low", hits=()),))
    made = bundle(found(other, versions=()))
    assert manifest(made)["revisions"] == []
    assert made.faults == (
        "the version v1 of the rule raketentest is not in the topic rules.versions",
        "no matched revision of the article a1 (Tagesblatt) is in the topic evidence",
    )
    assert not any(path.startswith("articles/") for path in made.files)


def test_a_revision_that_was_processed_again_stands_beside_the_first() -> None:
    made = bundle(found(revision(), revision(generation=1), revision(generation=1)))
    assert [each["folder"] for each in manifest(made)["revisions"]] == ["articles/a1/revision-1", "articles/a1/revision-1-generation-1"]


@pytest.mark.parametrize("hostile", ["../../etc/passwd", "/root", "a\\b", "con:", "", "x" * 300, "."])
def test_no_name_from_outside_leads_out_of_the_archive(hostile: str) -> None:
    made = bundle(found(revision(id=hostile), versions=(Version("v1"), Version(hostile))))
    for path in made.files:
        assert not path.startswith("/") and ".." not in path.split("/") and "\\" not in path and len(path) < 200
    assert any("sha256-" in path for path in made.files)


def test_the_timeline_says_what_was_known_when_and_what_was_done() -> None:
    lines = bundle(found(revision())).files["timeline.txt"].decode().splitlines()
    assert lines == sorted(lines)
    text = "\n".join(lines)
    for expected in ("episode opened by the rule raketentest", "matched revision 1 of a1", "told desk: first taken", "Anna: acknowledge"):
        assert expected in text


def test_the_silences_that_held_something_back_belong_to_it() -> None:
    desk = Desk()
    desk.silence(scope="rule")
    desk.silence(scope="story")
    first, second = sorted(desk.silences)
    held = notification(state="suppressed", verdict=f"silence:{first}")
    assert [each.id for each in about(desk.silences.values(), desk.first, [held])] == [first]
    assert second != first
    assert article_ids(episode(members=(member("a1"), member("a2"), member("a1")))) == {"a1", "a2"}

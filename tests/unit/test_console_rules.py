"""Rules made and mended on the page: drafts, their files, false alarms and what a tighter rule would lose; and the shift's page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient

from pipeline import topology
from pipeline.article import Article, Clock, Dates
from pipeline.broker import Record
from pipeline.console import handover
from pipeline.console.app import make_app
from pipeline.console.board import Limits
from pipeline.console.feed import Feed
from pipeline.console.hub import Hub
from pipeline.console.watching import NOISY_STORIES, free_id
from pipeline.episode import Audit, Command, Episode, Matcher, Note, Notification, Silence
from pipeline.errors import Unreachable
from pipeline.routing.model import Roster, Routing
from pipeline.rules.amend import CannotAmend, with_compounds, with_exclusion, with_test, without
from pipeline.rules.load import load_text
from pipeline.rules.versions import RuleVersion
from pipeline.settings import Settings
from pipeline.sources import SourceHealth
from pipeline.sources import encode as encode_health
from tests.console_pages import enriched, episode_of

HOSTILE = "<script>alert(1)</script>"
NOW = datetime.now(UTC)
FILE = """\
# Rockets of the desk
schema: news-alerts/v1
kind: rule
id: raketen
title: Raketen   # what people read
severity: high
match:
  any:
    - Rakete   # the word
tests:
  - {text: "Nordkorea testet eine Rakete.", match: true}
"""


class Talk:
    """The application with a folder of rules and a day of articles, without a server."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        (folder / "rules").mkdir(exist_ok=True)
        self.rules = folder / "rules"
        self.articles: list[Article] = []
        self.commands: list[Command] = []
        self.broken = False
        configured = Settings.model_validate({"receivers": [{"name": "desk", "notifier": "console"}], **settings}).model_copy(
            update={"folder": folder}
        )
        feed = Feed(lambda: (_ for _ in ()).throw(Unreachable("no feed here")), Limits())
        self.desk = feed.desk
        app = make_app(configured, feed, Hub(feed.status), lambda _, command: self.commands.append(command), self._day)
        self.client = TestClient(app, base_url="http://127.0.0.1")

    @contextmanager
    def _day(self, _: Settings, now: datetime) -> Iterator[Iterator[Article]]:
        if self.broken:
            raise Unreachable("Kafka does not answer")
        yield iter(self.articles)

    def post(self, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        answer = self.client.post(path, json=body)
        return answer.status_code, answer.json()

    def knows(self, topic: str, value: Any, key: str) -> None:
        encoded = value if isinstance(value, bytes) else msgspec.json.encode(value)
        self.desk.take([Record(topic, 0, 0, key.encode(), encoded, (), NOW)])

    def alarm(self, title: str, body: str, word: str, *, term: str = "Rakete", mode: str = "head", **changes: Any) -> Episode:
        """An episode of the rule `raketen` by that word."""
        made = enriched(title=title, body=body, word=word, rule="raketen", url=f"https://blatt.example/{abs(hash(title))}")
        hits = tuple(msgspec.structs.replace(each, term=term, mode=mode) for each in made.matches[0].hits)
        made = msgspec.structs.replace(made, matches=(msgspec.structs.replace(made.matches[0], hits=hits),))
        episode = episode_of(made, **changes)
        self.knows(topology.EPISODES, episode, episode.id)
        return episode


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def article(title: str, body: str, hours: float = 1, **changes: Any) -> Article:
    at = NOW - timedelta(hours=hours)
    return enriched(title=title, body=body, at=at, dates=Dates(), clock=Clock(fetched_at=at, enriched_at=at), **changes)


# --- a draft


def test_a_draft_is_tried_on_a_text_with_the_words_marked(talk: Talk) -> None:
    status, found = talk.post("/api/rules/try", words=["Rakete"], text="Eine Trägerrakete stieg auf.")
    assert (status, found["matched"]) == (200, True)
    assert found["text"] == ["Eine ", "Trägerrakete", " stieg auf."]
    assert found["words"][0][:2] == ["Trägerrakete", "Rakete"]
    status, found = talk.post("/api/rules/try", query='"ballistische Rakete" AND Ostsee', text="Eine Rakete über der Ostsee.")
    assert (status, found["matched"]) == (200, False)


@pytest.mark.parametrize(
    ("query", "line", "column"),
    [("Rakete AND", 1, 11), ("Rakete\nAND (Ostsee", 2, 5), ("  Rakete )", 1, 10)],
)
def test_a_faulty_query_is_told_with_its_place(talk: Talk, query: str, line: int, column: int) -> None:
    status, answer = talk.post("/api/rules/try", query=query, text="x")
    assert (status, answer["code"]) == (400, "query_faulty")
    assert (answer["line"], answer["column"]) == (line, column), answer
    assert answer["error"]


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        ({}, "words_missing"),
        ({"words": ["  "]}, "words_missing"),
        ({"words": ["a"], "query": "b"}, "words_missing"),
        ({"words": ["x"] * 51}, "too_much"),
        ({"words": ["Rakete"], "languages": ["klingon"]}, "rule_faulty"),
        ({"words": ["Rakete"], "expires": "soon"}, "rule_faulty"),
        ({"words": ["Rakete"], "receivers": ["nobody"]}, "no_receiver"),
        ({"words": ["Rakete"], "surprise": 1}, "not_understood"),
    ],
)
def test_what_would_be_no_rule_is_refused_in_words(talk: Talk, draft: dict[str, Any], code: str) -> None:
    status, answer = talk.post("/api/rules/try", text="x", **draft)
    assert (status, answer["code"]) == (400, code), answer


def test_a_draft_is_tried_on_the_last_day_and_tells_nobody(talk: Talk) -> None:
    talk.articles = [article(f"Rakete {n}", "Eine Trägerrakete.", hours=n) for n in range(3)] + [article("Hafen", "Ein Schiff.")]
    status, found = talk.post("/api/rules/day", words=["Rakete"])
    assert (status, found["articles"], found["matches"], found["stories"]) == (200, 4, 3, 3)
    assert found["hours"][-3:] == [1, 1, 1]
    assert sum(found["hours"]) == 3
    assert (found["noisy"], found["complete"]) == (False, True)
    assert found["hits"][0]["title"] == ["", "Rakete", " 0"]
    assert talk.commands == []
    talk.articles = [article(f"Rakete {n}", "x") for n in range(NOISY_STORIES + 1)]
    assert talk.post("/api/rules/day", words=["Rakete"])[1]["noisy"]


def test_a_day_that_cannot_be_read_is_told(talk: Talk) -> None:
    talk.broken = True
    status, answer = talk.post("/api/rules/day", words=["Rakete"])
    assert (status, answer["code"]) == (503, "not_read")


def test_a_saved_draft_is_a_rule_file_with_author_end_and_test(talk: Talk) -> None:
    sentence = "Eine Fähre brennt vor Rostock."
    status, made = talk.post("/api/rules/save", words=["Fähre"], title="Fähre Rostock", text=sentence, by="Anna Berg", receivers=["desk"])
    assert (status, made["id"], made["file"]) == (201, "faehre-rostock", "faehre-rostock.yaml")
    text = (talk.rules / "faehre-rostock.yaml").read_text(encoding="utf-8")
    rule, problems = load_text(text, "faehre-rostock.yaml")
    assert rule is not None and problems == []
    assert (rule.version, rule.rule.title, rule.rule.owner, rule.rule.notify.route) == (
        made["version"],
        "Fähre Rostock",
        "Anna Berg",
        ("desk",),
    )
    assert rule.rule.expires_at is not None
    assert timedelta(hours=11, minutes=59) < rule.rule.expires_at - datetime.now(UTC) <= timedelta(hours=12)
    assert [(each.text, each.match) for each in rule.rule.tests] == [(sentence, True)]


def test_a_draft_that_does_not_find_its_own_text_is_not_saved(talk: Talk) -> None:
    status, answer = talk.post("/api/rules/save", words=["Fähre"], title="Fähre", text="Ein Zug.", by="Anna Berg")
    assert (status, answer["code"]) == (400, "rule_faulty")
    assert "should match and does not" in answer["error"]
    assert list(talk.rules.iterdir()) == []


def test_nothing_is_ever_overwritten(talk: Talk) -> None:
    (talk.rules / "old").mkdir()
    (talk.rules / "old" / "faehre.yaml").write_text("mine")
    for expected in ("faehre-2", "faehre-3"):
        assert talk.post("/api/rules/save", words=["Fähre"], title="Fähre", by="Anna Berg")[1]["id"] == expected
    assert (talk.rules / "old" / "faehre.yaml").read_text() == "mine"


@pytest.mark.parametrize("change", [{"by": ""}, {"title": " "}])
def test_a_rule_without_a_name_or_an_author_is_not_saved(talk: Talk, change: dict[str, str]) -> None:
    status, answer = talk.post("/api/rules/save", **{"words": ["Fähre"], "title": "Fähre", "by": "Anna Berg", **change})
    assert (status, answer["code"]) == (400, "name_missing" if "by" in change else "title_missing")
    assert list(talk.rules.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(talk: Talk) -> None:
    talk.rules.rmdir()
    status, answer = talk.post("/api/rules/save", words=["Fähre"], title="Fähre", by="Anna Berg")
    assert (status, answer["code"]) == (409, "rules_folder")
    assert str(talk.rules) in answer["error"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Fähre Rostock", "faehre-rostock"),
        ("../../etc/passwd", "etc-passwd"),
        ("Straße №1", "strasse-no1"),
        ("x", "watch-x"),
        ("é" * 80, "e" * 50),
    ],
)
def test_a_rules_id_is_made_of_its_name_and_is_never_a_path(title: str, expected: str) -> None:
    assert free_id(title, lambda _: False) == expected


def test_a_name_without_latin_letters_still_makes_an_id() -> None:
    assert free_id("ミサイル", lambda _: False).startswith("watch-2")


def test_a_hostile_name_is_only_text_in_the_file(talk: Talk) -> None:
    hostile = 'x"\nstatus: disabled\n# {a: [&b *b]} <script>'
    status, made = talk.post("/api/rules/save", words=['a" b: {c', "Fähre"], title=hostile, by="Anna Berg")
    assert status == 201, made
    rule, problems = load_text((talk.rules / made["file"]).read_text(encoding="utf-8"), made["file"])
    assert rule is not None and problems == []
    assert (rule.rule.status, rule.rule.title) == ("live", hostile)


# --- a rule file amended


def test_a_test_is_added_and_every_comment_stays() -> None:
    text = with_test(FILE, 'Eine Silvesterrakete: "bumm" # 1', "de")
    assert all(comment in text for comment in ("# Rockets of the desk", "# what people read", "# the word"))
    assert '- {text: "Eine Silvesterrakete: \\"bumm\\" # 1", match: false, lang: de}' in text
    assert with_test(text, 'Eine Silvesterrakete: "bumm" # 1', "de") == text
    assert text.startswith(FILE)


def loses(text: str, sentence: str) -> bool:
    """Whether the rule of this file does not match the sentence."""
    _, problems = load_text(with_test(text, sentence, match=False), "raketen.yml")
    return problems == []


def test_a_word_is_left_out_in_all_its_forms_and_others_stay() -> None:
    text = with_exclusion(FILE, "Silvesterrakete")
    assert loses(text, "Silvesterraketen flogen.")
    assert not loses(text, "Eine Trägerrakete flog.")
    assert loses(with_exclusion(FILE, "kleine Rakete"), "Eine kleine Rakete flog.")
    assert not loses(with_exclusion(FILE, "kleine Rakete"), "Eine große Rakete flog.")


def test_a_word_is_left_out_of_a_query_as_well() -> None:
    text = FILE.replace("  any:\n    - Rakete   # the word\n", '  query: "Rakete OR Atomtest"\n')
    text = with_exclusion(text, "Silvesterrakete")
    assert loses(text, "Eine Silvesterrakete flog.")
    assert not loses(text, "Eine Rakete flog.")
    assert not loses(text, "Ein Atomtest.")


def test_a_term_can_be_kept_from_compounds_wherever_it_stands() -> None:
    text = with_compounds(FILE, "rakete", ())
    assert loses(text, "Eine Trägerrakete flog.")
    assert not loses(text, "Eine Rakete flog.")
    nested = FILE.replace("    - Rakete   # the word\n", "    - all: [Ostsee]\n      any: [{term: Rakete, compound: [head]}]\n")
    assert loses(with_compounds(nested, "Rakete", ()).replace("Nordkorea testet", "Ostsee: es flog"), "Ostsee: Trägerrakete")
    with pytest.raises(CannotAmend, match="no clause of its own"):
        with_compounds(FILE, "Atomtest", ())


def test_a_source_is_left_out_whether_or_not_there_are_filters() -> None:
    assert 'source: {not: ["blatt"]}' in without(FILE, "source", "blatt")
    twice = without(without(FILE, "source", "blatt"), "source", "post")
    rule, problems = load_text(twice, "raketen.yml")
    assert rule is not None and problems == []
    assert rule.rule.where.source.never == ("blatt", "post")
    only = FILE.replace("tests:", "  where: {source: [blatt, post]}\ntests:")
    left, problems = load_text(without(only, "source", "post"), "raketen.yml")
    assert left is not None and left.rule.where.source.only == ("blatt",)
    with pytest.raises(CannotAmend, match="alone"):
        without(FILE.replace("tests:", "  where: {source: blatt}\ntests:"), "source", "blatt")


@pytest.mark.parametrize("text", ["", "[]", "a: &b 1\nc: *b\n", "match: {", "\x00", "id: x\n"])
def test_what_is_no_rule_file_is_not_amended(text: str) -> None:
    with pytest.raises(CannotAmend):
        with_exclusion(text, "x")


# --- a false alarm


def test_a_false_alarm_shows_what_each_tighter_rule_would_lose(talk: Talk) -> None:
    (talk.rules / "raketen.yml").write_text(FILE, encoding="utf-8")
    talk.articles = [
        article("Trägerrakete gestartet", "Eine Trägerrakete flog."),
        article("Rakete", "Eine Rakete flog."),
        article("Hafen", "Ein Schiff."),
    ]
    confirmed = talk.alarm("Trägerrakete getestet", "Eine Trägerrakete.", "Trägerrakete", verdict="confirmed")
    episode = talk.alarm(
        "Feuer in Gera", "In Gera brannte nach einer Silvesterrakete ein Balkon.", "Silvesterrakete", verdict="false_alarm"
    )
    status, found = talk.post("/api/rules/tighten", episode=episode.id)
    assert (status, found["rule_id"], found["articles"], found["confirmed"]) == (200, "raketen", 3, 1)
    assert found["sentence"] == "In Gera brannte nach einer Silvesterrakete ein Balkon."
    assert "should not match and does, by Silvesterrakete" in found["failing"]
    ways = {each["id"]: each for each in found["proposals"]}
    word, compounds = ways["word:Silvesterrakete"], ways["compounds:Rakete"]
    assert (word.get("lost", 0), word.get("kept"), word.get("lost_confirmed", [])) == (0, 2, [])
    assert (compounds["lost"], compounds["kept"]) == (1, 1)
    assert compounds["lost_hits"][0]["title"] == ["", "Trägerrakete", " gestartet"]
    assert [each["episode_id"] for each in compounds["lost_confirmed"]] == [confirmed.id]
    assert ways["source:tagesblatt"]["tested"] is False
    possible = [each for each in found["proposals"] if not each.get("problem")]
    lost = [(len(each.get("lost_confirmed", ())), each.get("lost", 0)) for each in possible]
    assert possible[0]["id"] == "word:Silvesterrakete" and lost == sorted(lost), "the one that loses least stands first"
    assert (talk.rules / "raketen.yml").read_text(encoding="utf-8") == FILE, "looking changes nothing"


def test_a_chosen_way_changes_the_file_with_its_test_and_says_who_did_it(talk: Talk) -> None:
    (talk.rules / "raketen.yml").write_text(FILE, encoding="utf-8")
    episode = talk.alarm("Feuer in Gera", "In Gera brannte nach einer Silvesterrakete ein Balkon.", "Silvesterrakete")
    _, found = talk.post("/api/rules/tighten", episode=episode.id)
    body = {"episode": episode.id, "proposal": "word:Silvesterrakete", "digest": found["digest"], "by": "Anna Berg"}
    status, made = talk.post("/api/rules/tighten/save", **body)
    assert (status, made["file"], made["not_noted"]) == (200, "raketen.yml", "")
    text = (talk.rules / "raketen.yml").read_text(encoding="utf-8")
    rule, problems = load_text(text, "raketen.yml")
    assert rule is not None and problems == []
    assert (rule.version, [each.match for each in rule.rule.tests]) == (made["version"], [True, False])
    assert "# the word" in text
    assert [each.name for each in talk.rules.iterdir()] == ["raketen.yml"]
    (note,) = talk.commands
    assert (note.kind, note.by, note.episode_id) == ("note", "Anna Berg", episode.id)
    assert "Silvesterrakete" in note.text
    status, answer = talk.post("/api/rules/tighten/save", **body)
    assert (status, answer["code"]) == (409, "changed_meanwhile")


def test_a_way_that_fails_a_test_of_the_rule_changes_nothing(talk: Talk) -> None:
    broken = FILE.replace("Nordkorea testet eine Rakete.", "Eine Silvesterrakete flog.")
    (talk.rules / "raketen.yml").write_text(broken, encoding="utf-8")
    episode = talk.alarm("Feuer in Gera", "Nach einer Silvesterrakete brannte ein Balkon.", "Silvesterrakete")
    _, found = talk.post("/api/rules/tighten", episode=episode.id)
    (word,) = [each for each in found["proposals"] if each["id"] == "word:Silvesterrakete"]
    assert "should match and does not" in word["problem"]
    status, answer = talk.post(
        "/api/rules/tighten/save", episode=episode.id, proposal="word:Silvesterrakete", digest=found["digest"], by="Anna Berg"
    )
    assert (status, answer["code"]) == (409, "rule_faulty")
    assert (talk.rules / "raketen.yml").read_text(encoding="utf-8") == broken
    assert talk.commands == []


@pytest.mark.parametrize("rule_id", ["raketen", "../secret", "x" * 200])
def test_a_rule_without_a_file_here_is_not_amended(talk: Talk, rule_id: str) -> None:
    episode = msgspec.structs.replace(talk.alarm("Feuer", "Eine Silvesterrakete.", "Silvesterrakete"), rule_id=rule_id)
    talk.knows(topology.EPISODES, episode, episode.id)
    status, answer = talk.post("/api/rules/tighten", episode=episode.id)
    assert (status, answer["code"]) == (409, "no_rule_file")


def test_an_unknown_proposal_or_episode_is_refused(talk: Talk) -> None:
    (talk.rules / "raketen.yml").write_text(FILE, encoding="utf-8")
    episode = talk.alarm("Feuer", "Eine Silvesterrakete.", "Silvesterrakete")
    _, found = talk.post("/api/rules/tighten", episode=episode.id)
    body = {"proposal": "word:Rakete", "digest": found["digest"], "by": "Anna Berg"}
    assert talk.post("/api/rules/tighten/save", episode=episode.id, **body)[0] == 400
    assert talk.post("/api/rules/tighten/save", episode="none", **body)[0] == 404
    assert talk.post("/api/rules/tighten/save", **{**body, "episode": episode.id, "by": ""})[1]["code"] == "name_missing"


# --- what is active, and the shift's page


def test_what_is_active_is_asked_by_id(talk: Talk) -> None:
    rule, _ = load_text(FILE, "raketen.yml")
    assert rule is not None
    assert talk.client.get("/api/rules/raketen").status_code == 404
    talk.knows(topology.RULES, rule, "raketen")
    assert talk.client.get("/api/rules/raketen").json()["rule"]["version"] == rule.version
    (view,) = talk.client.get("/api/rules").json()["rules"]
    assert (view["id"], view["status"]) == ("raketen", "live")


def test_a_silence_of_a_rule_that_is_not_active_is_refused_with_the_nearest_one(talk: Talk) -> None:
    rule, _ = load_text(FILE, "raketen.yml")
    assert rule is not None
    episode = talk.alarm("Rakete", "Eine Rakete.", "Rakete")
    wish = {"kind": "silence", "by": "Anna Berg", "episode": episode.id, "scope": "rule", "minutes": 60, "text": "Probe"}
    assert talk.post("/api/act", **wish)[0] == 202, "no rule is known yet: the alerter has the last word"
    talk.knows(topology.RULES, rule, "raketen-neu")
    status, answer = talk.post("/api/act", **wish)
    assert (status, answer["code"], answer["rule"], answer["nearest"]) == (409, "no_rule", "raketen", "raketen-neu")
    talk.knows(topology.RULES, rule, "raketen")
    assert talk.post("/api/act", **wish)[0] == 202
    assert [each.to for each in talk.commands] == ["rule", "rule"]


def test_the_shifts_page_speaks_one_language_and_names_situations(talk: Talk) -> None:
    leader = talk.alarm("Rakete über Tokio", "Eine Rakete.", "Rakete", opened_at=NOW, now=NOW)
    talk.knows(topology.EPISODES, msgspec.structs.replace(leader, id="joined", situation_id=leader.id, step=0), "joined")
    talk.knows(topology.EPISODES, msgspec.structs.replace(leader, id="lost", situation_id="gone", step=0), "lost")
    command = Command(id="c", kind="verdict", by="Jan", at=NOW, episode_id=leader.id, verdict="false_alarm")
    made = Audit(id="a", at=NOW, command=command, outcome="verdict: false alarm", changed=True)
    talk.knows(topology.AUDIT, made, "x")
    talk.knows(
        topology.AUDIT, msgspec.structs.replace(made, id="b", outcome="refused: there is no verdict to take back", changed=False), "x"
    )
    text = talk.client.get("/handover?lang=de").text
    assert "abgelehnt: es gab kein Urteil" in text and "there is no verdict" not in text
    assert "verdict: false alarm" not in text


def test_the_shifts_page_says_everything_that_the_next_one_must_know(talk: Talk) -> None:
    note = Note(by="Jan", text=f"Called. {HOSTILE}", at=NOW)
    episode = talk.alarm(f"Rakete {HOSTILE}", "Eine Rakete.", "Rakete", notes=(note,), assigned_to="Mira", now=NOW - timedelta(days=2))
    settled = talk.alarm("Silvesterrakete", "Eine Silvesterrakete.", "Silvesterrakete", verdict="false_alarm", verdict_by="Jan")
    message = Notification(
        id="n", episode_id=episode.id, rule_id="raketen", receiver="night", kind="first", step=1, created_at=NOW, next_at=NOW,
        message=episode.message, state="failed", attempts=8, last_error="HTTP 503",
    )  # fmt: skip
    silence = Silence(
        id="s", matchers=(Matcher(field="rule", values=("raketen",)),), author="Mira", reason="fireworks", starts_at=NOW - timedelta(hours=1),
        ends_at=NOW + timedelta(hours=2), created_at=NOW, suppressed=3,
    )  # fmt: skip
    command = Command(id="c", kind="verdict", by="Jan", at=NOW, episode_id=settled.id, verdict="false_alarm")
    talk.knows(topology.NOTIFICATIONS, message, "n")
    talk.knows(topology.SILENCES, silence, "s")
    talk.knows(
        topology.AUDIT,
        Audit(id="a", at=NOW, command=command, outcome="verdict: false alarm", changed=True, headline="Silvesterrakete"),
        "x",
    )
    talk.knows(topology.HEALTH, encode_health(SourceHealth(source_id="blatt", name="Blatt", state="silent")), "blatt")
    talk.knows(topology.RULE_VERSIONS, RuleVersion(rule_id="raketen", version="abcdef123456", at=NOW, by="anna"), "raketen")
    talk.knows(topology.RULES, Routing(rosters={"shift": Roster(default=("duty-phone",))}), "routing")
    found = talk.client.get("/handover?lang=en&theme=dark&hours=12")
    assert found.status_code == 200
    for expected in ("Jan: Called.", "with Mira", "nobody has acknowledged it", "night: failed after 8 attempts: HTTP 503", "fireworks", "rule raketen",
                     "Blatt", "silent", "new abcdef12", "duty-phone", "False alarm (Jan)", "<bdi>False alarm</bdi>"):  # fmt: skip
        assert expected in found.text, expected
    assert "<script>" not in found.text
    assert "&lt;script&gt;alert(1)" in found.text
    german = talk.client.get("/handover?lang=de&hours=x%22").text
    assert "Übergabe" in german and "von niemandem gesehen" in german


def test_the_shifts_page_of_a_quiet_night_says_that_there_is_nothing(talk: Talk) -> None:
    text = talk.client.get("/handover?lang=en").text
    assert text.count("None.") == 7
    assert "No roster" in text


def test_a_shift_is_bounded_in_time(talk: Talk) -> None:
    assert handover.known(talk.desk, NOW, 1e9).report.since > NOW - timedelta(days=32)

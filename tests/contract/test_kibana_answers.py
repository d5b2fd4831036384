"""`lagebild kibana apply` against a Kibana that answers as documented, well and badly. The message says what is wrong and what to do."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.kibana import objects
from pipeline.settings import Settings
from tests import fake_kibana
from tests.fake_kibana import FakeKibana

OBJECTS = len(objects.saved_objects(Settings()))
POSTED = 4  # two connectors, a rule for the word, one for episodes
IMPORT = "/api/saved_objects/_import"


@pytest.fixture
def kibana() -> Iterator[FakeKibana]:
    with fake_kibana.running() as fake:
        yield fake


class Desk:
    """A configuration and the commands over it."""

    def __init__(self, folder: Path, kibana: FakeKibana) -> None:
        self.path = folder / "lagebild.yaml"
        self.kibana: dict[str, Any] = {"url": kibana.url, "keywords": ["Raketentest"], "timeout_seconds": 20}

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.path.write_text(json.dumps({"kibana": self.kibana, "enrichers": []}), encoding="utf-8")
        result = CliRunner().invoke(app, ["kibana", *arguments, "--config", str(self.path)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout, " ".join(result.stderr.split())

    def apply(self, *arguments: str) -> tuple[int, dict[str, Any], str]:
        code, shown, said = self.run("apply", "--json", *arguments)
        return code, json.loads(shown), said


@pytest.fixture
def desk(tmp_path: Path, kibana: FakeKibana) -> Desk:
    return Desk(tmp_path, kibana)


def changes(report: dict[str, Any]) -> list[str]:
    return [each["change"] for each in report["changes"]]


def test_the_first_time_creates_and_the_second_repeats_nothing(desk: Desk, kibana: FakeKibana) -> None:
    code, report, said = desk.apply()
    assert (code, report["ok"], report["version"], report["space"]) == (0, True, "8.8.0", "default"), said
    assert changes(report) == ["created"] * (OBJECTS + POSTED)
    assert len(kibana.objects) == OBJECTS and len(kibana.rules) == 2 and len(kibana.connectors) == 2
    kibana.asked.clear()
    code, report, _ = desk.apply()
    assert code == 0 and changes(report) == ["replaced"] * OBJECTS + ["unchanged"] * POSTED
    assert [path.partition("?")[0] for path in kibana.changed()] == [IMPORT], "an unchanged rule keeps the rights it runs with"


def test_a_dry_run_says_the_same_and_changes_nothing(desk: Desk, kibana: FakeKibana) -> None:
    code, report, _ = desk.apply("--dry-run")
    assert code == 0 and changes(report) == ["created"] * (OBJECTS + POSTED) and report["dry_run"]
    assert kibana.changed() == [] and not kibana.objects
    desk.apply()
    code, report, _ = desk.apply("--dry-run")
    assert changes(report) == ["replaced"] * OBJECTS + ["unchanged"] * POSTED


def test_people_get_a_table(desk: Desk) -> None:
    code, shown, said = desk.run("apply", "--dry-run")
    assert code == 0 and "Kibana 8.8.0" in shown and "would be created" in shown and "News: the word raketentest" in shown
    assert said == "Nothing was changed; 18 of 18 would be."


def test_a_changed_rule_is_replaced_and_stays_switched_off(desk: Desk, kibana: FakeKibana) -> None:
    desk.apply()
    for rule in kibana.rules.values():
        rule["enabled"] = False
    desk.kibana["severities"] = ["critical"]
    code, report, _ = desk.apply()
    assert code == 0 and changes(report)[OBJECTS:] == ["unchanged", "unchanged", "unchanged", "replaced"]
    assert sorted(rule["name"] for rule in kibana.rules.values()) == ["News alerts: new episodes, critical", "News: the word raketentest"]
    assert not any(rule["enabled"] for rule in kibana.rules.values())


def test_a_rule_whose_word_is_gone_is_named_and_left(desk: Desk, kibana: FakeKibana) -> None:
    desk.apply()
    desk.kibana["keywords"] = []
    code, report, _ = desk.apply()
    left = [each for each in report["changes"] if each["change"] == "left over"]
    assert code == 0 and [each["name"] for each in left] == ["News: the word raketentest"] and "delete it" in left[0]["fix"]
    assert len(kibana.rules) == 2 and "kibana.keywords is empty: no rule of Kibana watches for words" in report["cautions"]
    desk.kibana["severities"] = []
    _, report, _ = desk.apply()
    assert changes(report).count("left over") == 2


def test_a_space_of_its_own(desk: Desk, kibana: FakeKibana) -> None:
    desk.kibana["space"] = "desk"
    code, _, said = desk.run("apply")
    assert code == 1 and "has no space 'desk'" in said and "create it in Stack Management" in said and kibana.changed() == []
    kibana.spaces.add("desk")
    code, report, said = desk.apply()
    assert code == 0 and report["space"] == "desk", said
    assert {space for space, _, _ in kibana.objects} == {"desk"}
    assert all(path.startswith("/s/desk/") for path in kibana.changed())


def said_of(kibana: FakeKibana, path: str, status: int, content: Any, **headers: str) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    kibana.answers[path] = lambda: (status, body, headers)


def test_200_with_errors_is_a_failure(desk: Desk, kibana: FakeKibana) -> None:
    errors = [
        {
            "type": "dashboard",
            "id": "lagebild-dashboard-lage",
            "error": {"type": "missing_references", "references": [{"type": "index-pattern", "id": "lagebild-view-articles"}]},
        },
        {"type": "search", "id": "lagebild-search-open", "error": {"type": "conflict", "destinationId": "x"}},
    ]
    taken = [each for each in objects.saved_objects(Settings()) if each["id"] not in {error["id"] for error in errors}]
    answer = {
        "success": False,
        "successCount": len(taken),
        "successResults": taken,
        "errors": errors,
        "warnings": [{"message": "mind this"}],
    }
    said_of(kibana, IMPORT, 200, answer)
    code, report, _ = desk.apply()
    failed = {each["name"]: each for each in report["changes"] if each["change"] == "failed"}
    assert code == 1 and not report["ok"] and failed.keys() == {"Lage", "Alerts: open episodes"}
    assert failed["Lage"]["problem"] == "what it refers to is not there: data view lagebild-view-articles"
    assert "delete that one in Stack Management" in failed["Alerts: open episodes"]["fix"]
    assert "mind this" in report["cautions"]
    code, shown, said = desk.run("apply")
    assert (
        code == 1
        and "another object of this id is there (x)" in shown
        and "delete that one" in said
        and f"2 of {OBJECTS + POSTED} failed" in said
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"success": False, "successCount": 0}, "does not mention it"),
        ({"success": True, "successCount": 99}, "does not mention it"),
    ],
)
def test_an_answer_that_names_nothing_is_a_failure(desk: Desk, kibana: FakeKibana, answer: Any, why: str) -> None:
    said_of(kibana, IMPORT, 200, answer)
    code, report, _ = desk.apply()
    assert code == 1 and changes(report).count("failed") == OBJECTS and why in report["changes"][0]["problem"]


def test_an_import_that_failed_without_a_name(desk: Desk, kibana: FakeKibana) -> None:
    said_of(kibana, IMPORT, 200, {"success": False, "successCount": OBJECTS, "successResults": objects.saved_objects(Settings())})
    code, _, said = desk.run("apply")
    assert code == 1 and "says that the import failed, and names no object" in said


@pytest.mark.parametrize(
    ("status", "content", "why"),
    [
        (200, b"<html>Sign in</html>", "did not import anything (status 200: a web page: Sign in)"),
        (200, b"\xff\xfe", "did not import anything"),
        (200, {"acknowledged": True}, "did not import anything"),
        (400, {"message": "Non-unique import objects detected: [search:x]"}, "Non-unique import objects detected"),
        (413, {"message": "Payload content length greater than maximum allowed"}, "Payload content length greater"),
        (422, {"message": "belongs to a more recent version of Kibana"}, "more recent version"),
        (500, {"message": "An internal server error occurred."}, "fails at /api/saved_objects/_import"),
        (302, b"", "redirects are not followed: set kibana.url"),
    ],
)
def test_an_import_that_is_refused(desk: Desk, kibana: FakeKibana, status: int, content: Any, why: str) -> None:
    said_of(kibana, IMPORT, status, content, location="/login?key=secret")
    code, shown, said = desk.run("apply")
    assert code == 1 and why in said and "Traceback" not in said and "secret" not in said
    assert kibana.rules == {}, "no rules beside dashboards that are not there"


@pytest.mark.parametrize(
    ("status", "content", "why"),
    [
        (200, b"<html></html>", "is no Kibana"),
        (404, {"error": "no handler found for uri [/api/status]"}, "not to Elasticsearch (9200)"),
        (200, {"tagline": "You Know, for Search"}, "is no Kibana"),
        (200, [], "is no Kibana"),
    ],
)
def test_what_is_no_kibana(desk: Desk, kibana: FakeKibana, status: int, content: Any, why: str) -> None:
    said_of(kibana, "/api/status", status, content)
    code, _, said = desk.run("apply")
    assert code == 1 and why in said and kibana.changed() == []


def test_a_kibana_that_is_still_starting(desk: Desk, kibana: FakeKibana) -> None:
    said_of(kibana, "/api/status", 503, b"Kibana server is not ready yet")
    code, report, said = desk.apply()
    assert code == 4 and "is not ready yet" in said and "try again in a minute" in report["error"]


@pytest.mark.parametrize("version", ["8.7.1", "7.17.28"])
def test_a_kibana_that_is_too_old(desk: Desk, kibana: FakeKibana, version: str) -> None:
    kibana.version = version
    code, _, said = desk.run("apply")
    assert code == 1 and f"it is Kibana {version}" in said and "update Kibana" in said and kibana.changed() == []


def test_a_kibana_that_is_newer_than_we_know(desk: Desk, kibana: FakeKibana) -> None:
    kibana.version = "10.1.0"
    code, report, _ = desk.apply()
    assert code == 0 and any("newer than what the objects were checked for" in each for each in report["cautions"])


def test_nobody_answers(desk: Desk) -> None:
    desk.kibana["url"] = "http://127.0.0.1:9/base"
    code, report, said = desk.apply()
    assert code == 4 and "does not answer at http://127.0.0.1:9/base" in said and "set kibana.url" in said and not report["ok"]


def test_a_kibana_that_is_too_slow(desk: Desk, kibana: FakeKibana) -> None:
    desk.kibana["timeout_seconds"] = 1
    kibana.answers[IMPORT] = lambda: (kibana.closing.wait(20), (200, b"{}", {}))[1]
    code, report, said = desk.apply()
    assert code == 4 and "did not answer /api/saved_objects/_import" in said and "raise kibana.timeout_seconds" in said
    assert report["version"] == "8.8.0", "what was found before the error is told"


class TestWhoWeAre:
    def test_a_user_and_a_password(self, desk: Desk, kibana: FakeKibana, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KIBANA_PASSWORD", "pässword:1")
        kibana.authorization = "Basic " + base64.b64encode("lagebild:pässword:1".encode()).decode()
        desk.kibana |= {"user": "lagebild", "password": "${env:KIBANA_PASSWORD}"}
        code, _, said = desk.apply()
        assert code == 0, said

    def test_an_api_key_from_a_file(self, desk: Desk, kibana: FakeKibana, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("a2V5\n", encoding="utf-8")
        kibana.authorization = "ApiKey a2V5"
        desk.kibana["api_key"] = f"${{file:{tmp_path}/key}}"
        code, _, said = desk.apply()
        assert code == 0, said

    def test_a_wrong_password(self, desk: Desk, kibana: FakeKibana, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KIBANA_PASSWORD", "wrong-and-secret")
        kibana.authorization = "Basic other"
        desk.kibana |= {"user": "lagebild", "password": "${env:KIBANA_PASSWORD}"}
        code, report, said = desk.apply()
        assert code == 4 and "does not accept who we are" in said and "kibana.password, or kibana.api_key" in said
        assert "wrong-and-secret" not in said + json.dumps(report)

    def test_a_missing_right_to_import(self, desk: Desk, kibana: FakeKibana) -> None:
        kibana.forbidden = (IMPORT,)
        code, _, said = desk.run("apply")
        assert code == 4 and "does not allow /api/saved_objects/_import" in said and "Saved Objects Management" in said
        assert kibana.rules == {}

    def test_a_missing_right_to_make_rules_leaves_the_dashboards(self, desk: Desk, kibana: FakeKibana) -> None:
        kibana.forbidden = ("/api/alerting/", "/api/actions/")
        code, report, _ = desk.apply()
        assert code == 1 and changes(report) == ["created"] * OBJECTS + ["failed"] * POSTED
        last = report["changes"][-1]
        assert "does not allow /api/alerting" in last["problem"] and "Stack Rules" in last["fix"]
        assert any("earlier rules are left over is not known" in each for each in report["cautions"])

    @pytest.mark.parametrize(
        ("kibana_section", "why"),
        [
            ({"api_key": "${env:KIBANA_KEY_THAT_IS_NOT_SET}"}, "the variable KIBANA_KEY_THAT_IS_NOT_SET is not set"),
            ({"user": "lagebild"}, "user and password belong together"),
            ({"user": "lagebild", "api_key": "${env:HOME}"}, "keep one of them"),
            ({"password": "hunter2-in-clear"}, "never the secret itself"),
            ({"url": "http://lagebild:hunter2-in-clear@127.0.0.1:1"}, "url holds a user: write user and password beside it"),
            ({"url": "127.0.0.1:5601"}, "begins with http"),
            ({"keywords": ["ballistische Rakete"]}, "is not one word: the index holds words one by one"),
            ({"severities": ["huge"]}, "critical"),
            ({"space": "Desk 1"}, "small letters"),
            ({"url": "https://127.0.0.1:1", "ca_file": "none.pem"}, "none.pem cannot be read as certificates"),
        ],
    )
    def test_a_configuration_that_cannot_work(self, desk: Desk, kibana_section: dict[str, Any], why: str) -> None:
        desk.kibana |= kibana_section
        code, shown, said = desk.run("apply", "--dry-run")
        assert code == 3 and why in said and "hunter2-in-clear" not in shown + said


class TestRules:
    def test_without_an_encryption_key(self, desk: Desk, kibana: FakeKibana) -> None:
        kibana.encryption_key = False
        code, report, _ = desk.apply()
        assert code == 1 and changes(report) == ["created"] * OBJECTS + ["failed"] * POSTED
        assert "xpack.encryptedSavedObjects.encryptionKey" in report["changes"][-1]["fix"] and kibana.rules == {}

    def test_without_tls_between_kibana_and_elasticsearch(self, desk: Desk, kibana: FakeKibana) -> None:
        kibana.secure = False
        code, report, _ = desk.apply()
        assert code == 0 and any("need TLS" in each for each in report["cautions"])

    def test_an_id_that_another_space_holds(self, desk: Desk, kibana: FakeKibana) -> None:
        desk.apply()
        taken = next(id for id, rule in kibana.rules.items() if "word" in rule["name"])
        del kibana.rules[taken]
        kibana.elsewhere = {taken}
        code, report, _ = desk.apply()
        failed = next(each for each in report["changes"] if each["id"] == taken)
        assert (
            code == 1
            and f"this id is taken (Saved object [alert/{taken}] conflict)" == failed["problem"]
            and "another space" in failed["fix"]
        )
        assert changes(report).count("failed") == 1, "the others are made all the same"

    def test_200_with_an_error_is_a_failure(self, desk: Desk, kibana: FakeKibana) -> None:
        desk.apply("--dry-run")
        path = next(path for method, path in kibana.asked if method == "GET" and path.startswith("/api/alerting/rule/"))
        said_of(kibana, path, 200, {"errors": True, "statusCode": 500, "message": "inside\x1b[31m"})
        for options in ([], ["--dry-run"]):
            code, report, _ = desk.apply(*options)
            failed = [each["problem"] for each in report["changes"] if each["change"] == "failed"]
            assert code == 1 and failed == ["Kibana answers 200 without showing it: inside [31m"]

    def test_a_rule_that_kibana_refuses(self, desk: Desk, kibana: FakeKibana) -> None:
        desk.apply("--dry-run")
        path = next(path for method, path in kibana.asked if method == "GET" and path.startswith("/api/alerting/rule/"))
        refusals = iter([(404, b"{}", {}), (400, b'{"message": "params invalid: [termSize]: too large"}', {})])
        kibana.answers[path] = lambda: next(refusals)
        code, report, _ = desk.apply()
        failed = [each for each in report["changes"] if each["change"] == "failed"]
        assert code == 1 and [each["problem"] for each in failed] == ["Kibana refuses it with 400: params invalid: [termSize]: too large"]


class TestTls:
    @pytest.fixture
    def authority(self) -> trustme.CA:
        return trustme.CA()

    @pytest.fixture
    def kibana(self, authority: trustme.CA) -> Iterator[FakeKibana]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        with fake_kibana.running(context) as fake:
            yield fake

    def test_an_authority_of_its_own(self, desk: Desk, tmp_path: Path, authority: trustme.CA) -> None:
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        desk.kibana["ca_file"] = "ca.pem"
        code, _, said = desk.apply()
        assert code == 0, said

    def test_a_certificate_that_nobody_vouches_for(self, desk: Desk) -> None:
        code, _, said = desk.run("apply")
        assert code == 4 and "certificate that cannot be trusted" in said and "set kibana.ca_file" in said


class TestExport:
    def test_the_file_is_what_apply_sends(self, desk: Desk, kibana: FakeKibana, tmp_path: Path) -> None:
        code, shown, said = desk.run("export", str(tmp_path / "lagebild.ndjson"))
        assert code == 0 and f"{OBJECTS} objects" in shown and "Alert rules are not in the file" in said and kibana.asked == []
        desk.apply()
        lines = (tmp_path / "lagebild.ndjson").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == list(kibana.objects.values())

    def test_scripts_get_numbers(self, desk: Desk, tmp_path: Path) -> None:
        code, shown, _ = desk.run("export", str(tmp_path / "x.ndjson"), "--json")
        assert code == 0 and json.loads(shown) == {
            "file": str(tmp_path / "x.ndjson"),
            "objects": OBJECTS,
            "bytes": (tmp_path / "x.ndjson").stat().st_size,
        }

    def test_a_file_that_cannot_be_written(self, desk: Desk, tmp_path: Path) -> None:
        code, _, said = desk.run("export", str(tmp_path / "no" / "x.ndjson"))
        assert code == 2 and "cannot be written: No such file or directory" in said

    @pytest.mark.parametrize("name", ["lagebild.yaml", "objects", "x.json"])
    def test_a_name_that_kibana_would_not_take_or_that_is_another_file(self, desk: Desk, tmp_path: Path, name: str) -> None:
        before = {each: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}
        code, _, said = desk.run("export", str(tmp_path / name))
        assert code == 2 and ".ndjson" in said
        assert {each: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}.items() >= before.items()
        assert not (tmp_path / "objects").exists()

    def test_a_hyphen_is_stdout(self, desk: Desk) -> None:
        code, shown, _ = desk.run("export", "-")
        assert code == 0 and len([json.loads(line) for line in shown.splitlines()]) == OBJECTS


def test_nothing_is_sent_that_the_check_refuses(desk: Desk, kibana: FakeKibana, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(objects.TYPE_VERSIONS, "dashboard", "8.9.0")
    code, _, said = desk.run("apply")
    assert code == 1 and "must not be sent" in said and "8.9.0 is newer than 8.7.0" in said and kibana.asked == []


def test_the_fake_refuses_what_kibana_refuses(kibana: FakeKibana, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check and the fake were written apart: each refuses the same spoilt file for reasons of its own."""
    sent = objects.saved_objects(Settings())
    sent[-1]["typeMigrationVersion"] = "8.9.0"
    body = objects.ndjson(sent)
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.ndjson"\r\n\r\n' + body + b"\r\n--b--\r\n"
    headers = {"kbn-xsrf": "x", "content-type": "multipart/form-data; boundary=b"}
    status, said = kibana.answer("POST", f"{IMPORT}?overwrite=true", headers, form)
    assert status == 422 and "more recent version of Kibana [8.9.0]" in said["message"]
    status, said = kibana.answer(
        "POST", IMPORT, {**headers, "kbn-xsrf": "x"}, form.replace(b"8.9.0", b"8.7.0").replace(b"x.ndjson", b"x.json")
    )
    assert status == 415
    status, _ = kibana.answer("POST", IMPORT, {"content-type": headers["content-type"]}, form)
    assert status == 400

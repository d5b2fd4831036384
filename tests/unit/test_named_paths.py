"""`lagebild check` looks at every file and folder that the configuration names, and at the form of every address."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.settings import load

NOW = datetime.now(UTC)
AUTHORITY = trustme.CA()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates and keys of every kind, and what only looks like some."""
    folder = tmp_path_factory.mktemp("files")
    present, other = AUTHORITY.issue_cert("ours"), AUTHORITY.issue_cert("ours")
    key = load_pem_private_key(present.private_key_pem.bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim"))
    named = {
        "ca.pem": AUTHORITY.cert_pem.bytes(),
        "ours.pem": b"".join(each.bytes() for each in present.cert_chain_pems),
        "ours.key": present.private_key_pem.bytes(),
        "other.key": other.private_key_pem.bytes(),
        "locked.key": locked,
        "both.pem": present.private_key_and_cert_chain_pem.bytes(),
        "past.pem": AUTHORITY.issue_cert("ours", not_after=NOW - timedelta(days=2)).private_key_and_cert_chain_pem.bytes(),
        "future.pem": AUTHORITY.issue_cert("ours", not_before=NOW + timedelta(days=2)).private_key_and_cert_chain_pem.bytes(),
        "rubbish.pem": b"\x30\x82rubbish",
        "empty": b"\n",
    }
    for name, content in named.items():
        (folder / name).write_bytes(content)
    (folder / "rules").mkdir()
    return folder


def checked(folder: Path, **sections: Any) -> dict[str, Any]:
    """What `check --json` says of a configuration beside `files`."""
    path = folder / "lagebild.yaml"
    path.write_text(json.dumps({"enrichers": [], **sections}), encoding="utf-8")
    found: dict[str, Any] = json.loads(CliRunner().invoke(app, ["check", "--json", "--config", str(path)]).stdout)
    return found


def problems(folder: Path, **sections: Any) -> list[str]:
    return [each["message"] for each in checked(folder, **sections)["problems"]]


def kafka(**section: Any) -> dict[str, Any]:
    return {"kafka": {"security_protocol": "SSL", **section}}


def source(connector: str, **options: Any) -> dict[str, Any]:
    return {"sources": [{"id": "one-feed", "connector": connector, "options": options}]}


@pytest.mark.parametrize(
    ("sections", "why"),
    [
        (kafka(ca_file="rubbish.pem"), "rubbish.pem cannot be read as certificates (PEM): "),
        (kafka(ca_file="ours.key"), "ours.key cannot be read as certificates (PEM): "),
        (kafka(ca_file="rules"), "there is no file 'rules'"),
        (kafka(ca_file="past.pem"), "every certificate in 'past.pem' has expired"),
        (kafka(certificate_file="rubbish.pem"), "rubbish.pem holds no certificate (PEM)"),
        (kafka(certificate_file="past.pem"), "the certificate in 'past.pem' has expired on"),
        (kafka(certificate_file="future.pem"), "the certificate in 'future.pem' is not valid before"),
        (kafka(certificate_file="ours.pem"), "ours.pem and the key in it cannot be used as certificate and key"),
        (kafka(certificate_file="ours.pem", key_file="other.key"), "key values mismatch"),
        (kafka(certificate_file="ours.pem", key_file="nowhere.key"), "there is no file 'nowhere.key'"),
        (
            kafka(certificate_file="ours.pem", key_file="locked.key", key_password="${env:WRONG_PASSWORD}"),
            "locked.key cannot be used as certificate and key",
        ),
        ({"elasticsearch": {"url": "https://a.example", "ca_file": "empty"}}, "empty cannot be read as certificates"),
        ({"kibana": {"url": "https://a.example", "ca_file": "nowhere"}}, "there is no file 'nowhere'"),
        (source("imap", host="a.example", user="desk", password="${env:OUR_PASSWORD}", ca_file="empty"), "empty cannot be read"),
        (source("kafka", servers=["a:1"], topic="t", security_protocol="SSL", ca_file="empty"), "empty cannot be read"),
        (source("directory", path="nowhere"), "there is no folder 'nowhere'"),
        ({"enrichers": [{"name": "entities", "options": {"watch_lists": "nowhere"}}]}, "there is no folder 'nowhere'"),
        ({"receivers": [{"name": "desk", "notifier": "file", "options": {"path": "empty/log"}}]}, "'empty/log' cannot be made"),
    ],
)
def test_a_path_that_leads_to_nothing_useful_is_one_problem(
    files: Path, sections: dict[str, Any], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG_PASSWORD", "falsch")
    (found,) = problems(files, **sections)
    assert why in found and "falsch" not in found


@pytest.mark.parametrize(
    "sections",
    [
        kafka(ca_file="ca.pem", certificate_file="ours.pem", key_file="ours.key"),
        kafka(ca_file="ca.pem", certificate_file="both.pem"),
        kafka(certificate_file="ours.pem", key_file="locked.key", key_password="${env:OUR_PASSWORD}"),
        kafka(certificate_file="ours.pem", key_file="locked.key", key_password="${env:NOT_SET_ANYWHERE}"),
        source("directory", path="rules"),
        {"receivers": [{"name": "desk", "notifier": "file", "options": {"path": "made/later/log"}}]},
    ],
)
def test_what_is_sound_or_cannot_be_known_here_is_no_problem(
    files: Path, sections: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_PASSWORD", "geheim")
    assert problems(files, **sections) == []


def test_all_of_them_are_told_beside_other_mistakes_and_each_once(files: Path) -> None:
    found = problems(files, **kafka(ca_file="nowhere", serverz=[]), time_zone="Mars")
    assert len(found) == 3 and sum("'nowhere'" in each for each in found) == 1


@pytest.mark.parametrize("server", ["localhost", "http://a:1", "a:0", "a:65536", ":9092", "a b:1", "a:9092/", "a:x", "::1:9092", ""])
def test_a_broker_is_a_host_and_a_port(files: Path, server: str) -> None:
    (found,) = problems(files, kafka={"servers": ["a:1", server]})
    assert found.startswith("servers[1]: ") and "write host:port" in found


def test_a_password_before_a_broker_is_not_told(files: Path) -> None:
    (found,) = problems(files, kafka={"servers": ["u:hunter2@h:9092"]})
    assert "hunter2" not in found and "kafka.password" in found


@pytest.mark.parametrize("server", ["a:1", "a-b.example.:65535", "[::1]:9092", "10.0.0.1:9092", "münchen.example:9092", "a_b:9092"])
def test_brokers_are_written_in_many_ways(files: Path, server: str) -> None:
    assert problems(files, kafka={"servers": [server]}) == []


@pytest.mark.parametrize(
    "url", ["http://", "http://:9200", "http://a:99999", "http://a:0", "https://a/?b=1", "https://a/#b", "https://a b"]
)
@pytest.mark.parametrize("section", ["elasticsearch", "kibana"])
def test_a_server_is_an_address_that_can_be_reached(files: Path, section: str, url: str) -> None:
    (found,) = problems(files, **{section: {"url": url}})
    assert found.startswith("url: ")


@pytest.mark.parametrize("section", [{"user": "a"}, {"user": "a", "password": "${env:A}", "api_key": "${env:A}"}, {"url": "https://a@b"}])
def test_kibana_is_told_once_and_whole_who_signs_in(files: Path, section: dict[str, Any]) -> None:
    assert len(problems(files, kibana={"url": "https://a", **section})) == 1


@pytest.mark.parametrize(
    ("name", "content", "warned"),
    [
        ("set", lambda file: file.write_text("geheim\n"), ""),
        ("blank", lambda file: file.write_text("\n"), "is empty"),
        ("binary", lambda file: file.write_bytes(b"\xff"), "cannot be read (it is not UTF-8)"),
        ("nowhere", lambda file: None, "cannot be read (No such file or directory)"),
    ],
)
def test_secrets_in_files_lie_beside_the_configuration(
    files: Path, name: str, content: Callable[[Path], object], warned: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    content(files / name)
    monkeypatch.chdir(tmp_path)
    found = checked(files, elasticsearch={"user": "desk", "password": f"${{file:{name}}}"})["warnings"]
    told = [each for each in found if name in each]
    assert told == ([f"the file {files / name} {warned}, and a secret is read from it"] if warned else [])
    assert load(files / "lagebild.yaml").elasticsearch.password == f"${{file:{files / name}}}"

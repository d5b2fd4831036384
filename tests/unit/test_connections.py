"""What the configuration may say of connections: no password in clear, nowhere, and files that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydantic
import pytest

from pipeline import broker, search, settings
from pipeline.agents import create_app
from pipeline.errors import BadConfiguration
from pipeline.sections import Elasticsearch, Kafka, Kibana
from pipeline.settings import Settings, load

SIGNED_IN = {"user": "lagebild", "password": "${env:KAFKA_PASSWORD}"}
SECRET = "hunter2-geheim"


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"security_protocol": "SASL_PLAINTEXT", **SIGNED_IN}, "use SASL_SSL, or set dangerously_send_password_without_tls: true"),
        ({"security_protocol": "SASL_SSL"}, "needs user and password"),
        ({"security_protocol": "SSL", **SIGNED_IN}, "not used with security_protocol SSL"),
        (SIGNED_IN, "not used with security_protocol PLAINTEXT"),
        ({"ca_file": "ca.pem"}, "ca_file: not used with security_protocol PLAINTEXT"),
        ({"security_protocol": "SSL", "key_file": "key.pem"}, "no certificate_file"),
        ({"security_protocol": "SASL_SSL", "user": "lagebild", "password": SECRET}, "string_pattern_mismatch"),
    ],
)
def test_a_kafka_section_that_cannot_work_or_would_tell_others_is_refused(section: dict[str, Any], why: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=why) as refused:
        Kafka.model_validate(section)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"url": "http://search.example:9200", **SIGNED_IN}, "would go to search.example without TLS"),
        ({"url": "http://search.example:9200", "api_key": "${env:KEY}"}, "would go to search.example without TLS"),
        ({"url": "http://desk:${file:/run/secrets/x}@10.0.0.5:9200"}, "would go to 10.0.0.5 without TLS"),
        ({"url": f"https://desk:{SECRET}@search.example"}, "holds a password in clear"),
        ({"url": "https://search.example", "api_key": "${env:KEY}", **SIGNED_IN}, "user and api_key are named"),
        ({"url": "https://search.example", "user": "desk"}, "belong together"),
        ({"url": "https://search.example", "ca_file": "ca.pem", "certificate_fingerprint": "ab" * 32}, "keep one of them"),
        ({"url": "http://127.0.0.1:9200", "ca_file": "ca.pem"}, "begin url with https://"),
        ({"url": "https://search.example", "certificate_fingerprint": "abc"}, "certificate_fingerprint"),
    ],
)
def test_an_elasticsearch_section_that_cannot_work_or_would_tell_others_is_refused(section: dict[str, Any], why: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=why) as refused:
        Elasticsearch.model_validate(section)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("url", ["http://localhost:9200", "http://127.0.0.1:9200", "http://[::1]:9200", "https://search.example"])
def test_a_password_may_go_over_tls_or_stay_on_this_machine(url: str) -> None:
    assert Elasticsearch.model_validate({"url": url, **SIGNED_IN}).user == "lagebild"
    assert Kibana.model_validate({"url": url, **SIGNED_IN}).user == "lagebild"


def test_whoever_says_so_may_send_a_password_in_clear() -> None:
    allowed = {"dangerously_send_password_without_tls": True, **SIGNED_IN}
    assert Kafka.model_validate({"security_protocol": "SASL_PLAINTEXT", **allowed}).uses_sasl
    assert Elasticsearch.model_validate({"url": "http://search.example", **allowed}).user
    assert Kibana.model_validate({"url": "http://kibana.example", **allowed}).user


def test_kibana_gets_no_password_over_http_either() -> None:
    with pytest.raises(pydantic.ValidationError, match="would go to kibana.example without TLS"):
        Kibana.model_validate({"url": "http://kibana.example:5601", "api_key": "${env:KEY}"})


def secured(folder: Path, password: str = "${env:KAFKA_PASSWORD}") -> Settings:
    (folder / "ca.pem").write_text("", encoding="utf-8")
    text = f"kafka: {{security_protocol: SASL_SSL, ca_file: ca.pem, user: '${{env:KAFKA_USER}}', password: '{password}'}}\n"
    (folder / "lagebild.yaml").write_text(text, encoding="utf-8")
    return load(folder / "lagebild.yaml")


def test_files_are_found_beside_the_configuration_and_missing_ones_are_named_with_their_line(tmp_path: Path) -> None:
    assert secured(tmp_path).kafka.ca_file == str(tmp_path / "ca.pem")
    (tmp_path / "lagebild.yaml").write_text("elasticsearch:\n  url: https://search.example\n  ca_file: certs/ca.pem\n", encoding="utf-8")
    with pytest.raises(BadConfiguration, match=r"lagebild.yaml:3:12: there is no file 'certs/ca.pem' \(looked for"):
        load(tmp_path / "lagebild.yaml")


def test_check_warns_of_a_password_that_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_PASSWORD", raising=False)
    assert "the environment variable KAFKA_PASSWORD is not set, and a secret is read from it" in settings.warnings(secured(tmp_path))


def test_user_and_password_are_read_when_they_are_needed_and_shown_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_USER", "lagebild-worker")
    monkeypatch.setenv("KAFKA_PASSWORD", SECRET)
    found = secured(tmp_path)
    who = broker.credentials(found.kafka)
    assert who is not None and (who.user, who.password, who.mechanism) == ("lagebild-worker", SECRET, "SCRAM-SHA-512")
    assert SECRET not in repr(who) + repr(found) + found.model_dump_json()
    monkeypatch.setenv("KAFKA_PASSWORD", "")
    with pytest.raises(BadConfiguration, match="kafka.password.* is empty"):
        broker.credentials(found.kafka)


def test_an_authority_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"kafka.ca_file.*ca.pem cannot be read as certificates"):
        broker.tls_context(secured(tmp_path).kafka)
    found = Settings(elasticsearch=Elasticsearch(url="https://127.0.0.1:1", ca_file=str(tmp_path / "ca.pem")))
    with pytest.raises(BadConfiguration, match=r"elasticsearch.ca_file.*ca.pem cannot be read as certificates"):
        search.Server(found)


def test_faust_never_signs_in_without_tls_by_accident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_USER", "lagebild-worker")
    monkeypatch.setenv("KAFKA_PASSWORD", SECRET)
    found = secured(tmp_path)
    found = found.model_copy(update={"kafka": found.kafka.model_copy(update={"ca_file": ""})})
    credentials: Any = create_app(found).conf.broker_credentials
    assert credentials.protocol.value == "SASL_SSL" and credentials.ssl_context.verify_mode.name == "CERT_REQUIRED"
    assert credentials.mechanism.value == "SCRAM-SHA-512" and SECRET not in repr(credentials)

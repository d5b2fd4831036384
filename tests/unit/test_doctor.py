"""Each check of the doctor over facts: what is right is said in short, what is wrong with its fix."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.doctor.disk import passed
from pipeline.doctor.examine import CHECKS, examine
from pipeline.doctor.facts import (
    ElasticsearchFacts,
    Facts,
    GroupLag,
    KafkaFacts,
    KibanaFacts,
    MachineFacts,
    NodeFacts,
    TopicFacts,
    Unanswered,
    WantedTopic,
)
from pipeline.doctor.finding import Finding
from pipeline.doctor.gather import gather
from pipeline.sections import Elasticsearch, Kafka, Kibana
from pipeline.settings import Settings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GB = 1 << 30
NODE = NodeFacts("node-1", "8.19.3", disk_bytes=100 * GB, free_bytes=60 * GB, skew_seconds=0.1, open_file_limit=65_535)
TOPIC = TopicFacts(4, copies=3, in_sync=3, configuration={"retention.ms": "1000", "cleanup.policy": "delete"})
KAFKA = KafkaFacts(
    version=(4, 3),
    brokers=3,
    topics={"matches": TOPIC},
    wanted={"matches": WantedTopic(4, {"retention.ms": "1000"})},
    lags=(GroupLag("worker", 10),),
    certificate_ends_at=NOW + timedelta(days=90),
)
ELASTICSEARCH = ElasticsearchFacts(
    "green", (NODE,), watermarks={"low": "85%", "high": "90%", "flood_stage": "95%"}, certificate_ends_at=NOW + timedelta(days=90)
)
MACHINE = MachineFacts(NOW, 4_096, {"elasticsearch": "8.19.3", "kafka-python": "3.0.12"})
HEALTHY = Facts(MACHINE, KAFKA, ELASTICSEARCH, KibanaFacts("9.1.0", True), replication=3)


def kafka(**changes: Any) -> Facts:
    return replace(HEALTHY, kafka=replace(KAFKA, **changes))


def topic(**changes: Any) -> Facts:
    return kafka(topics={"matches": replace(TOPIC, **changes)})


def elasticsearch(**changes: Any) -> Facts:
    return replace(HEALTHY, elasticsearch=replace(ELASTICSEARCH, **changes))


def node(**changes: Any) -> Facts:
    return elasticsearch(nodes=(replace(NODE, **changes),))


def bad(facts: Facts) -> list[Finding]:
    return [each for each in examine(facts) if each.level != "ok"]


def test_a_healthy_installation_has_no_findings_and_every_check_says_so() -> None:
    assert bad(HEALTHY) == []
    silent = {check.__name__ for check in CHECKS if not list(check(HEALTHY))}
    assert silent == {"reachable"}, "only what cannot be reached is not mentioned when all is well"


@pytest.mark.parametrize(
    ("facts", "what", "fix"),
    [
        (
            replace(HEALTHY, kafka=None, unreachable={"Kafka": Unanswered("Kafka does not answer at k:9092")}),
            "k:9092",
            "start it, or correct the section kafka",
        ),
        (
            replace(HEALTHY, kafka=None, unreachable={"Kafka": Unanswered("Kafka does not accept us", "check kafka.user")}),
            "accept us",
            "check kafka.user",
        ),
        (
            replace(HEALTHY, elasticsearch=None, unreachable={"Elasticsearch": Unanswered("no answer at e:9200")}),
            "e:9200",
            "start it, or correct the section elasticsearch",
        ),
        (kafka(version=(2, 1)), "speaks as 2.1", "upgrade Kafka to 2.5"),
        (node(version="7.17.0"), "Elasticsearch 7.17.0", "upgrade Elasticsearch to 8 or 9"),
        (
            replace(HEALTHY, machine=replace(MACHINE, clients={"elasticsearch": "9.5.1"})),
            "client 9.5.1",
            "refused by a server 8: pip install",
        ),
        (node(version="10.0.0"), "Elasticsearch 10.0.0", "upgrade Lagebild"),
        (kafka(topics={}), "missing: matches", "lagebild topics apply"),
        (topic(partitions=2), "2 partitions, 4 are expected", "topic_prefix"),
        (topic(copies=1, in_sync=1), "1 copies, kafka.replication asks for 3", "kafka-reassign-partitions.sh"),
        (topic(in_sync=1), "only 1 of 3 copies up to date", "broker that is down"),
        (topic(configuration={"retention.ms": "5"}), "retention.ms is 5, not 1000", "lagebild topics apply"),
        (replace(HEALTHY, replication=1), "3 brokers and kafka.replication is 1", "kafka.replication: 3"),
        (kafka(lags=(GroupLag("worker", 1_001),)), "1,001 records behind", "lagebild run worker"),
        (
            elasticsearch(drift={"template news-articles": "replaced", "template news-alerts": "replaced"}),
            "news-articles, template news-alerts",
            "lagebild index apply",
        ),
        (elasticsearch(drift={"index news-articles-2026.11": "fields differ"}), "fields of another kind", "lagebild index rebuild"),
        (elasticsearch(status="red"), "the cluster is red", "_cluster/allocation/explain"),
        (elasticsearch(read_only=("news-articles-2026.11",)), "read-only: news-articles-2026.11", "retention"),
        (node(free_bytes=12 * GB), "beyond the watermark low (85%)", "make room"),
        (node(free_bytes=4 * GB), "beyond the watermark flood_stage (95%): indices are read-only", "make room"),
        (node(skew_seconds=-90.0), "90.0 s behind this machine's", "chrony"),
        (kafka(certificate_ends_at=NOW + timedelta(days=5)), "the certificate of Kafka ends on 2026-11-26 (in 5 days)", "renewed"),
        (kafka(own_certificate_ends_at=NOW + timedelta(days=5)), "our certificate for Kafka ends on 2026-11-26", "have a new one issued"),
        (elasticsearch(certificate_ends_at=NOW + timedelta(days=20)), "the certificate of Elasticsearch ends", "renewed"),
        (kafka(missing_rights="Read on the topic rules"), "Read on the topic rules", "kafka-acls.sh with OPERATOR set"),
        (elasticsearch(missing_rights="index on news-*"), "index on news-*", "the role lagebild_setup of deploy/elasticsearch-roles.yml"),
        (replace(HEALTHY, kibana=KibanaFacts("9.1.0", False)), "no lasting encryption key", "xpack.encryptedSavedObjects.encryptionKey"),
        (replace(HEALTHY, machine=replace(MACHINE, open_file_limit=256)), "may open 256 files", "LimitNOFILE"),
        (node(open_file_limit=4_096), "may open 4,096 files", "LimitNOFILE"),
    ],
)
def test_each_fault_is_one_problem_with_its_fix(facts: Facts, what: str, fix: str) -> None:
    (found,) = bad(facts)
    assert found.level == "problem" and what in found.what and fix in found.fix
    assert found.fix.startswith("start it") is fix.startswith("start it"), "what answers is not mended by starting it"


@pytest.mark.parametrize(
    ("facts", "what"),
    [
        (replace(HEALTHY, kibana=None, unreachable={"Kibana": Unanswered("Kibana does not answer at b:5601")}), "b:5601"),
        (replace(HEALTHY, kibana=KibanaFacts("9.1.0", None)), "does not say whether it has an encryption key"),
        (kafka(lags=(GroupLag("worker", None), GroupLag("alerter", None))), "never read anything here: worker, alerter"),
        (elasticsearch(analysers_missing=("german",)), "lacks language analysers (german)"),
        (node(open_file_limit=4_096, for_trying=True), "may open 4,096 files"),
        (elasticsearch(drift={"policy news-articles": "left alone"}), "the policy news-articles was changed by somebody"),
        (elasticsearch(has_ilm=False), "no index lifecycle management"),
        (elasticsearch(thresholds_enabled=False), "thresholds of Elasticsearch are switched off"),
    ],
)
def test_what_is_worth_knowing_is_no_problem(facts: Facts, what: str) -> None:
    (found,) = bad(facts)
    assert found.level == "note" and what in found.what and found.fix


@pytest.mark.parametrize(
    ("watermark", "free", "beyond"),
    [
        ("85%", 15, True),
        ("85%", 16, False),
        ("0.85", 14, True),
        ("10gb", 10, True),
        ("10gb", 11, False),
        ("", 0, False),
        ("much", 0, False),
    ],
)
def test_watermarks_are_read_as_elasticsearch_writes_them(watermark: str, free: int, beyond: bool) -> None:
    assert passed(watermark, replace(NODE, free_bytes=free * GB)) is beyond


def test_a_secret_that_is_not_there_is_to_be_set_and_no_server_to_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET_ANYWHERE", raising=False)
    monkeypatch.setenv("BLANK", "")
    signed_in = {"user": "desk", "password": "${env:NOT_SET_ANYWHERE}"}
    settings = Settings(
        kafka=Kafka(servers=["127.0.0.1:1"], security_protocol="SASL_SSL", **signed_in),
        elasticsearch=Elasticsearch(url="https://127.0.0.1:1", api_key="${env:BLANK}"),
        kibana=Kibana(url="https://127.0.0.1:1", **signed_in),
    )
    found = {each.group: each for each in examine(gather(settings, "operator")) if each.level != "ok"}
    for server in ("Kafka", "Kibana"):
        assert "the variable NOT_SET_ANYWHERE is not set" in found[server].what and "set it" in found[server].fix
    assert found["Elasticsearch"].what == "${env:BLANK} is empty"
    assert not any("start it" in each.fix for each in found.values())

"""A rejected record, sent back once its cause is mended, supersedes its rejection."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from pipeline import broker, rejected, settings, topology
from pipeline.embedded.servers import Servers
from pipeline.outcome import Exit, Rejection
from tests.faults.ledger import Ledger
from tests.faults.stream import KEYWORD, line, numbered, put
from tests.faults.system import PROCESSES, configuration, running, until

SMALLEST_LIMIT_BYTES = 100_000
# What a team's Kafka may have been set to: too little for one enriched article, whose words (random ones, for records are compressed) stand in it
# again as terms, and enough for all others.
FORGOTTEN_LIMIT = {"max.message.bytes": "20000"}


@pytest.mark.timeout(180)
def test_a_rejected_record_replayed_after_mending_supersedes_its_rejection(tmp_path: Path, servers: Servers, chance: random.Random) -> None:
    words = " ".join(f"{chance.getrandbits(48):x}" for _ in range(2_200))
    long = {"guid": "long", "title": f"Der {KEYWORD} und alles dazu", "body": f"Nach dem {KEYWORD} wurde vieles gesagt. {words}."}
    content = [line(each) for each in numbered(20)] + [json.dumps(long).encode()]
    (tmp_path / "in").mkdir()
    config = configuration(tmp_path, servers.addresses, kafka={"max_record_bytes": SMALLEST_LIMIT_BYTES})
    with running(config) as system:
        admin = broker.admin_client(system.settings.kafka)
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, system.settings.topic(topology.ENRICHED), FORGOTTEN_LIMIT)])
        admin.close()
        ledger = Ledger(system.settings)
        put(tmp_path / "in", [b"\n".join(content)])
        until(lambda: ledger.look() and len(ledger.outcomes) == 21 and ledger.idle, 90, "everything has its outcome")
        assert [each.exit for each in ledger.outcomes.values()].count(Exit.PASSED) == 20
        (first,) = [each for each in ledger.outcomes.values() if each.exit is Exit.REJECTED]
        (record,) = rejected.newest(system.settings, 10)
        assert (record.about.stage, record.about.reason) == ("enrich", Rejection.TOO_LARGE)
        assert "kafka.max_record_bytes" in record.about.detail, "it says what to mend"
        assert json.loads(record.value)["guid"] == "long"
        until(lambda: len(system.alerts()) == 1, 30, "the alert, which does not wait for what the index gets")

        mended = json.loads(config.read_text())
        mended["kafka"]["max_record_bytes"] = 4 * SMALLEST_LIMIT_BYTES
        config.write_text(json.dumps(mended))
        system.settings = settings.load(config)
        broker.apply_topics(system.settings)
        for name in PROCESSES:
            system.restart(name)
        sent, refused = rejected.replay(system.settings, [record])
        assert (sent, refused) == ([record.offset], {})

        def superseded() -> bool:
            return ledger.look() and ledger.outcomes[first.position].exit is Exit.PASSED and ledger.idle

        until(superseded, 90, "the replayed record has passed")
        assert len(ledger.outcomes) == 21
        assert ledger.outcomes[first.position].stage == "index"
        assert {each["news"]["guid"] for each in system.documents()} >= {"long"}
        assert len(system.alerts()) == 1, "the replayed record is the same article: nobody is told twice"
        ledger.close()

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.embedded import elasticsearch, kafka
from pipeline.embedded.java import Java
from pipeline.embedded.packages import known, plan

SHIPPED = """\
## heap
-XX:+UseG1GC
-Djava.io.tmpdir=${ES_TMPDIR}
20-:--add-modules=jdk.incubator.vector
-XX:+HeapDumpOnOutOfMemoryError
-XX:ErrorFile=hs_err_pid%p.log
-Xlog:gc*,gc+age=trace:file=gc.log:filecount=32,filesize=64m
"""


def java(vector: bool) -> Java:
    return Java(Path("/jdk"), 25, "test", vector)


def as_settings(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_kafka_listens_on_this_machine_only() -> None:
    settings = as_settings(kafka.configuration(19092, 19093, Path("/data")))
    assert settings["listeners"] == "CLIENTS://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093"
    assert settings["controller.quorum.voters"] == "1@127.0.0.1:19093"
    assert settings["log.dirs"] == "/data"


def test_further_listeners_of_kafka_are_added_and_other_settings_replaced() -> None:
    more = {"listeners": "SECURE://127.0.0.1:3", "listener.security.protocol.map": "SECURE:SASL_SSL", "num.partitions": "1"}
    settings = as_settings(kafka.configuration(1, 2, Path("/data"), more))
    assert settings["listeners"] == "CLIENTS://127.0.0.1:1,CONTROLLER://127.0.0.1:2,SECURE://127.0.0.1:3"
    assert settings["listener.security.protocol.map"] == "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL"
    assert settings["num.partitions"] == "1"


def test_kafka_creates_no_topics_by_itself_and_takes_large_messages_and_short_sessions() -> None:
    settings = as_settings(kafka.configuration(1, 2, Path("/data")))
    assert settings["auto.create.topics.enable"] == "false"
    assert int(settings["message.max.bytes"]) == int(settings["replica.fetch.max.bytes"]) == kafka.LARGEST_MESSAGE_BYTES
    assert settings["group.min.session.timeout.ms"] == "1000"


def test_elasticsearch_settings_are_overruled_by_ours() -> None:
    plain = elasticsearch.configuration(19200, 19300, Path("/es"), {})
    secured = elasticsearch.configuration(19200, 19300, Path("/es"), {"xpack.security.enabled": "true"})
    assert 'http.host: "127.0.0.1"' in plain and 'transport.host: "127.0.0.1"' in plain
    assert 'xpack.security.enabled: "false"' in plain
    assert 'xpack.security.enabled: "true"' in secured and 'xpack.security.enabled: "false"' not in secured


@pytest.mark.parametrize("vector", [True, False])
def test_jvm_options_name_only_modules_that_the_java_has(vector: bool) -> None:
    options = elasticsearch.jvm_options(SHIPPED, Path("/es"), java(vector))
    assert ("jdk.incubator.vector" in options) is vector
    assert "-XX:+UseG1GC" in options
    assert "gc.log" not in options
    assert f"-Xmx{elasticsearch.HEAP_MEGABYTES}m" in options


def test_every_file_of_the_servers_is_pinned_by_size_and_checksum() -> None:
    for package in known():
        assert package.licence and package.purpose and package.memory_bytes > 0
        for file in package.files:
            assert file.size_bytes > 0 and len(file.sha256) == 64, file
        assert len({file.name for file in package.files}) == len(package.files)


def test_another_major_is_fetched_only_for_whoever_names_it(tmp_path: Path) -> None:
    usual, other = plan(tmp_path), plan(tmp_path, "9.5.0")
    assert [(each.name, each.version) for each in other.packages] == [
        (usual.packages[0].name, usual.packages[0].version),
        ("Elasticsearch", "9.5.0"),
    ]
    assert "9.5.0" not in {each.version for each in usual.packages} and [each.is_extra for each in other.packages] == [False, True]
    assert [each.version for each in known()] == [each.version for each in usual.packages]
    with pytest.raises(KeyError):
        plan(tmp_path, "1.0.0")


def test_both_majors_start_as_their_own_scripts_would(tmp_path: Path) -> None:
    runtime = Java(tmp_path / "java", 25, "test", has_incubator_vector=True, is_full=True)
    old, new = tmp_path / "old", tmp_path / "new"
    (new / "lib" / "tools" / "server-launcher").mkdir(parents=True)
    commands = [elasticsearch.server(tmp_path / "data", home, runtime, (1, 2), None).launch.command for home in (old, new)]
    assert [each.arguments[-1].rpartition(".")[2] for each in commands] == ["CliToolLauncher", "ServerLauncher"]
    assert commands[1].environment["ES_HOME"] == str(new) and commands[1].environment["JAVA"] == str(runtime.program)


def test_the_plan_counts_only_what_is_missing_and_touches_nothing(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    first = plan(packages)
    assert first.missing == known() and first.download_bytes == sum(each.size_bytes for each in known())
    assert not packages.exists()
    known()[0].folder(packages).mkdir(parents=True)
    assert plan(packages).missing == known()[1:]
    assert str(packages) in plan(packages).removal

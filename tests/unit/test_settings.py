from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError
from typer.testing import CliRunner

from pipeline import located, plugins
from pipeline.cli import app
from pipeline.errors import BadConfiguration
from pipeline.settings import Settings, load, secret, warnings


def written(folder: Path, text: str) -> Path:
    path = folder / "lagebild.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(BadConfiguration) as caught:
        load(written(folder, text))
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load(written(tmp_path, "enrichers: []\n")).kafka.servers == ["127.0.0.1:9092"]


def test_all_problems_come_at_once_with_place_and_nearest_name(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "kafka:\n  serverz: [a]\ntime_zone: Europe/Berlyn\nconsole:\n  port: 99999\nalerts:\n  default_route: [nobody]\nenrichers: []\n",
    )
    assert found[0] == "lagebild.yaml:2:3: unknown name 'serverz'. Did you mean 'servers'?"
    assert found[1].startswith("lagebild.yaml:3:12: time_zone: there is no time zone 'Europe/Berlyn'")
    assert found[2].startswith("lagebild.yaml:5:9: port:")
    assert found[3] == "lagebild.yaml:7:19: there is no receiver 'nobody'."


def test_what_will_not_work_although_the_file_is_right_is_a_warning(tmp_path: Path) -> None:
    text = "enrichers: []\nreceivers:\n  - {name: desk, notifier: webhook, options: {url: 'https://a.example/', secret: '${env:NOT_SET_ANYWHERE}'}}\n"
    assert warnings(load(written(tmp_path, text))) == [
        "the environment variable NOT_SET_ANYWHERE is not set, and a secret is read from it",
        "there are no sources: nothing will be read",
    ]


def test_a_receiver_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path, "alerts:\n  default_route: [nobody]\nenrichers: []\n") == [
        "lagebild.yaml:2:19: there is no receiver 'nobody'."
    ]


def test_a_source_twice_is_named(tmp_path: Path) -> None:
    text = "enrichers: []\nsources:\n  - {id: one-feed, connector: directory, options: {path: .}}\n  - {id: one-feed, connector: directory, options: {path: .}}\n"
    assert any("'one-feed' is already used by sources[0]" in each for each in problems(tmp_path, text))


def test_an_unknown_connector_is_named_with_the_nearest(tmp_path: Path) -> None:
    found = problems(tmp_path, "enrichers: []\nsources:\n  - {id: one-feed, connector: directry}\n")
    assert "Did you mean 'directory'?" in found[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [\n", "not valid YAML"),
        ("a: &x 1\nb: *x\n", "anchors and aliases are not allowed"),
        ("kafka: {}\nkafka: {}\n", "stands here twice"),
        ("- 1\n", "is a mapping of names"),
        ("a: " + "[" * 60 + "]" * 60, "nested deeper"),
        ("a: 1\n---\nb: 2\n", "one document a file"),
    ],
)
def test_hostile_or_broken_yaml_is_one_clear_problem(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in problems(tmp_path, text)[0]


def test_a_missing_file_is_a_clear_problem(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="cannot be read"):
        load(tmp_path / "none.yaml")


def test_a_secret_comes_from_the_environment_or_a_file_and_never_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAGEBILD_TEST_SECRET", "s3cret")
    (tmp_path / "secret").write_text("from file\n")
    assert secret(SecretStr("${env:LAGEBILD_TEST_SECRET}")) == "s3cret"
    assert secret(SecretStr(f"${{file:{tmp_path}/secret}}")) == "from file"
    assert "s3cret" not in repr(SecretStr("s3cret"))
    with pytest.raises(BadConfiguration, match="NOT_THERE is not set"):
        secret(SecretStr("${env:NOT_THERE}"))
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    for path, why in (("/dev/zero", "it is no file"), (tmp_path, "it is no file"), (tmp_path / "large", "larger than 65,536 bytes")):
        with pytest.raises(BadConfiguration, match=why):
            secret(SecretStr(f"${{file:{path}}}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kafka: {topic_prefix: 'A b'}", "1:23: topic_prefix: it must be small letters, digits, dots, hyphens and underscores, or nothing"),
        ("elasticsearch: {index_prefix: 'A b'}", "1:31: index_prefix: it must be small letters, digits, dots, hyphens"),
        (
            "elasticsearch: {url: '127.0.0.1:9200'}",
            "1:22: url: it must be an address that begins with http:// or https://, for example http://",
        ),
        ("sources: [{id: Tagesblatt, connector: rss, options: {url: 'https://a.example/'}}]", "1:16: id: it must be 2 to 64 small letters"),
        (
            "sources: [{id: ab, country: de, connector: rss, options: {url: 'https://a.example/'}}]",
            "1:29: country: it must be two capital letters, or nothing, for example DE",
        ),
        ("receivers: [{name: -x, notifier: console}]", "1:20: name: it must be 2 to 64 small letters, digits and hyphens"),
        ("language: fr", "1:11: language: it must be de or en, for example de"),
    ],
)
def test_a_text_of_the_wrong_form_is_told_in_words_with_an_example(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = problems(tmp_path, text + "\nenrichers: []\n")
    assert found.startswith(f"lagebild.yaml:{expected}") and "for example" in found
    assert not {"^", "$", "[", "\\"} & set(found)


def fields_of(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in (schema, *schema.get("$defs", {}).values()):
        yield from each.get("properties", {}).items()


def test_every_pattern_says_in_words_what_it_allows_and_its_example_is_allowed() -> None:
    models = [plugins.load(kind, name).Options for kind in plugins.KINDS for name in plugins.names(kind)]
    limited = [(name, field) for model in (Settings, *models) for name, field in fields_of(model.model_json_schema()) if "pattern" in field]
    assert len(limited) >= 7
    for name, field in limited:
        assert field["patternErrorMessage"].startswith("it must be "), name
        assert re.search(field["pattern"], field["examples"][0]), name


def test_a_pattern_of_a_plug_in_without_words_is_told_by_its_description() -> None:
    class Options(BaseModel):
        channel: str = Field(pattern=r"^#\w+$", description="where it is posted")
        plain: str = Field("", pattern=r"^\d*$")

    source = located.read_text("channel: desk\nplain: x\n", "options.yaml")
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(source.data)
    assert [str(each) for each in located.model_problems(source, caught.value, Options)] == [
        "options.yaml:1:10: channel: this is not allowed here. It is where it is posted",
        "options.yaml:2:8: plain: this is not allowed here",
    ]


def test_every_setting_is_described() -> None:
    def walk(schema: dict[str, object]) -> list[str]:
        definitions: dict[str, dict[str, dict[str, object]]] = schema.get("$defs", {})  # type: ignore[assignment]
        everything = {"Settings": schema, **definitions}
        return [
            f"{model}.{name}"
            for model, each in everything.items()
            for name, field in each.get("properties", {}).items()  # type: ignore[attr-defined]
            if not field.get("description")
        ]

    assert walk(Settings.model_json_schema()) == []


def test_missing_folders_come_with_everything_else_and_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "extras").mkdir()
    (tmp_path / "regeln").mkdir()
    found = problems(tmp_path, "rules: regel\nplugins: [extra]\ntime_zone: Mars\nenrichers: []\n")
    assert len(found) == 3
    assert found[0] == f"lagebild.yaml:1:8: there is no folder 'regel' (looked for {tmp_path / 'regel'}). Did you mean 'regeln'?"
    assert found[1] == f"lagebild.yaml:2:11: there is no folder 'extra' (looked for {tmp_path / 'extra'}). Did you mean 'extras'?"


@pytest.mark.parametrize("each", ["not an address", "", "300.1.2.3", "10.0.0.1/8", "-a.example", "http://a.example", "a..b", "x/y"])
@pytest.mark.parametrize(
    "section",
    [
        "sources: [{id: ab, connector: rss, options: {url: 'https://a.example/', ",
        "receivers: [{name: ab, notifier: webhook, options: {url: x, ",
    ],
)
def test_what_cannot_be_a_host_an_address_or_a_network_is_refused_at_its_place(tmp_path: Path, section: str, each: str) -> None:
    (found,) = problems(tmp_path, f"{section}allow_private: [ok.example, '{each}']}}}}]\nenrichers: []\n")
    assert found.startswith(f"lagebild.yaml:1:{len(section) + 29}: ")


@pytest.mark.parametrize(
    "each", ["wiki", "wiki.example.org", "wiki.example.", "127.0.0.1", "::1", "10.0.0.0/8", "fd00::/8", "münchen.example", "a_b"]
)
def test_hosts_addresses_and_networks_may_be_private(tmp_path: Path, each: str) -> None:
    text = f"enrichers: []\nsources: [{{id: ab, connector: rss, options: {{url: 'https://a.example/', allow_private: ['{each}']}}}}]\n"
    assert load(written(tmp_path, text)).sources[0].options["allow_private"] == [each]


def test_the_language_of_a_source_is_a_code(tmp_path: Path) -> None:
    text = "enrichers: []\nsources: [{id: ab, connector: rss, language: %s, options: {url: 'https://a.example/'}}]\n"
    (found,) = problems(tmp_path, text % "klingon")
    assert found.startswith("lagebild.yaml:2:46: language: it must be a language code")
    for code in ("de", "pt-BR", "zh_Hant_TW", "sah", "''"):
        load(written(tmp_path, text % code))


@pytest.mark.parametrize(
    ("code", "line", "what"),
    [
        ("def create(options, context):\n    return (\n", 4, "SyntaxError"),
        ("raise RuntimeError('kaputt')\n", 3, "RuntimeError: kaputt"),
        ("", 1, "it has no create"),
    ],
)
def test_a_plug_in_that_cannot_be_imported_is_a_problem_with_its_file_and_line(tmp_path: Path, code: str, line: int, what: str) -> None:
    (tmp_path / "connectors").mkdir()
    wire = tmp_path / "connectors" / "faulty.py"
    wire.write_text(f"class Options:\n    pass\n{code}", encoding="utf-8")
    text = "enrichers: []\nplugins: [.]\nsources: [{id: ab, connector: faulty}]\n"
    (found,) = problems(tmp_path, text)
    assert found.startswith("lagebild.yaml:3:31: the plug-in 'faulty' is faulty: ") and what in found
    assert f"{wire}:{line}: " in found or "SyntaxError" in found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kafka: nothing\n", "kafka: write names with values, such as 'servers: …'; it may have servers, "),
        ("sources: nothing\n", "sources: write a list: each entry on a line of its own, after '- '"),
        ("sources: [nothing]\n", "sources[0]: write names with values, such as 'id: …'"),
    ],
)
def test_a_value_of_the_wrong_shape_is_told_what_to_write(tmp_path: Path, text: str, says: str) -> None:
    (found,) = [each for each in problems(tmp_path, text + "enrichers: []\n") if "write" in each]
    assert says in found
    assert "instance of" not in found


def checked(folder: Path, text: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["check", "--json", "--config", str(written(folder, text))])
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_check_tells_of_rules_and_configuration_in_one_go_and_warns_of_nothing_it_cannot_know(tmp_path: Path) -> None:
    text = "enrichers: []\nsources: [{id: ab, connector: rss, language: klingon, options: {url: 'https://a.example/'}}]\n"
    found = checked(tmp_path, text)
    assert found["warnings"] == [] and len(found["problems"]) == 2
    assert any("rules" in each["file"] for each in found["problems"]), "the rules folder that is used by default is missing too"
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "broken.yaml").write_text("id: [\n", encoding="utf-8")
    found = checked(tmp_path, text)
    assert {Path(each["file"]).name for each in found["problems"]} == {"lagebild.yaml", "broken.yaml"}


def test_the_receiver_of_the_heartbeat_is_used(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    receivers = "receivers: [{name: beat, notifier: console}, {name: idle, notifier: console}]\n"
    found = checked(tmp_path, receivers + "alerts: {heartbeat: {receiver: beat}}\n")
    assert [each for each in found["warnings"] if "leads to the receiver" in each] == [
        "no rule, route, fallback or roster leads to the receiver 'idle'"
    ]


def test_a_missing_rules_folder_is_told_once(tmp_path: Path) -> None:
    assert len(checked(tmp_path, "rules: nowhere\nenrichers: []\n")["problems"]) == 1

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError

from pipeline import located, plugins
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

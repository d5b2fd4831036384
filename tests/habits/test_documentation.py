"""Documentation that cannot fall behind: generated parts are compared, commands and plug-ins must appear."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from pipeline import plugins, topology
from pipeline.cli import app
from pipeline.index import field_list, mappings
from pipeline.located import read_text
from pipeline.rules.load import load_text
from pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_flow_table_in_readme_is_the_topology() -> None:
    found = re.search(r"<!-- flow:begin -->\n(.*?)<!-- flow:end -->", README, re.DOTALL)
    assert found and found[1] == topology.flow_table(), "run: python -m pipeline.topology"


def test_the_fields_in_readme_are_those_of_the_indices() -> None:
    found = re.search(f"{field_list.BEGIN}\n(.*?){field_list.END}", README, re.DOTALL)
    assert found and found[1] == field_list.field_table(), "run: python -m pipeline.index.field_list"


def test_every_field_of_names_is_in_readme() -> None:
    for parent, fields in (("news.entity", mappings.article(())["news"]["entity"]), ("news.named (nested)", mappings.NAMED["properties"])):
        (row,) = [line for line in README.splitlines() if f"| `{parent}` |" in line]
        assert [name for name in fields if f"`{name}`" not in row] == []


def test_the_configuration_in_readme_is_valid() -> None:
    settings = Settings.model_validate(read_text(blocks("yaml")[0], "README").data)
    assert [source.id for source in settings.sources] == ["tagesblatt", "hafenbote", "inbox"]


def test_the_connections_in_readme_are_valid() -> None:
    (text,) = [each for each in blocks("yaml") if "security_protocol" in each]
    settings = Settings.model_validate(read_text(text, "README").data)
    assert settings.kafka.uses_tls and settings.elasticsearch.user


def test_the_further_sources_in_readme_have_options_that_their_connectors_know() -> None:
    settings = Settings.model_validate(read_text(blocks("yaml")[1], "README").data)
    assert [source.connector for source in settings.sources] == ["push", "http_json", "rss"] and settings.collector.callback
    for source in settings.sources:
        plugins.load("connectors", source.connector).Options.model_validate(source.options)


def test_the_rule_in_readme_passes_its_own_tests() -> None:
    rule, problems = load_text(blocks("yaml")[2], "raketentest.yaml")
    assert problems == []
    assert rule is not None


def test_every_command_in_readme_exists() -> None:
    commands = {each.split()[1] for each in re.findall(r"lagebild [a-z]+", README)} - {"watches"}
    group = get_command(app)
    assert commands <= set(group.list_commands(typer.Context(group)))  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", ["demo", "run", "check", "doctor", "try", "trace", "version", "topics apply", "index apply", "index rebuild", "config schema",
                                     "rejected list", "rejected show", "rejected replay", "rules list", "rules check", "rules apply", "rules try",
                                     "feeds list", "feeds test", "feeds health", "feeds add", "feeds import", "feeds export", "feeds pause",
                                     "alerts list"])  # fmt: skip
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize("kind", ["connectors", "enrichers", "notifiers"])
def test_every_plug_in_describes_its_options_and_refuses_others(kind: str) -> None:
    for name in plugins.names(kind):
        schema = plugins.load(kind, name).Options.model_json_schema()
        assert schema.get("additionalProperties") is False, name
        assert all(field.get("description") for field in schema.get("properties", {}).values()), name


def test_files_named_in_readme_exist() -> None:
    named = re.findall(r"`((?:pipeline|connectors|deploy|tests)/[\w./]+)`", README)
    assert [path for path in named if not (ROOT / path).exists()] == []

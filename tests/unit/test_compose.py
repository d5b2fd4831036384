"""The containers, checked without Docker: the file against the published schema, and all that it names against the program and this tree."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.settings import load

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if each["image"].startswith("lagebild:")}
ONE_SHOTS = {"users", "setup", "setup-kibana"}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `env.sh` writes on a machine that has nothing yet."""
    file = tmp_path_factory.mktemp("env") / ".env"
    subprocess.run(["bash", DEPLOY / "env.sh", file], check=True, capture_output=True, timeout=30)
    return file


def variables(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def test_it_is_a_compose_file() -> None:
    schema = json.loads((ROOT / "tests" / "schemas" / "compose-spec.json").read_text(encoding="utf-8"))
    checker = jsonschema.Draft202012Validator(schema)
    assert [f"{error.json_path}: {error.message}" for error in checker.iter_errors(COMPOSE)] == []
    assert "version" not in COMPOSE


def test_the_schema_finds_a_misspelt_name() -> None:
    schema = json.loads((ROOT / "tests" / "schemas" / "compose-spec.json").read_text(encoding="utf-8"))
    wrong = {"services": {"kafka": {"image": "kafka", "healthchek": {}}}}
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(wrong))


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each command line of ours with the service that runs it, without the program's name."""
    for name, each in OURS.items():
        if "entrypoint" not in each:
            yield name, each["command"]
            continue
        for line in each["command"][0].splitlines():
            words = shlex.split(line)
            assert words[0] == "lagebild", f"{name} runs {line!r}"
            yield name, words[1:]


@cache
def program() -> Any:
    return get_command(app)


def parsed(arguments: list[str]) -> None:
    """Raises what the program would say to this command line, without running it."""
    command, context, rest = program(), None, arguments
    while True:
        context = command.make_context(command.name or "lagebild", list(rest), parent=context)
        if not hasattr(command, "resolve_command"):
            return
        _, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])


def test_every_command_exists_with_its_options() -> None:
    found = list(commands())
    for _, arguments in found:
        parsed(arguments)
    applied = {" ".join(arguments) for name, arguments in found if name in ONE_SHOTS}
    assert applied == {"check", "topics apply", "index apply", "rules apply", "kibana apply"}


@pytest.mark.parametrize("wrong", [["topic", "apply"], ["topics", "aply"], ["run", "workers"], ["index", "apply", "--dryrun"]])
def test_a_misspelt_command_would_be_found(wrong: list[str]) -> None:
    with pytest.raises(Exception, match=r"No such|is not one of"):
        parsed(wrong)


def test_every_variable_is_made_by_the_script_and_used(made: Path) -> None:
    used = {match for text in texts(COMPOSE) for match in re.findall(r"(?<!\$)\$\{(\w+)", text)}
    assert used == variables(made).keys()
    optional = [text for text in texts(COMPOSE) for _ in re.findall(r"(?<!\$)\$\{\w+(?!:\?|\w)", text)]
    assert optional == [], "without its variable a service must not start with an empty one"


def test_secrets_are_random_written_once_and_for_the_owner_alone(made: Path, tmp_path: Path) -> None:
    def secrets_in(file: Path) -> dict[str, str]:
        return {name: value for name, value in variables(file).items() if name.endswith(("PASSWORD", "KEY"))}

    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    secrets = secrets_in(made)
    assert len(secrets) == 8 and len(set(secrets.values())) == 8
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in secrets.values())
    before = made.read_bytes()
    again = subprocess.run(["bash", DEPLOY / "env.sh", made], check=True, capture_output=True, text=True, timeout=30)
    assert made.read_bytes() == before and "stays as it is" in again.stderr
    other = tmp_path / ".env"
    subprocess.run(["bash", DEPLOY / "env.sh", other], check=True, capture_output=True, timeout=30)
    assert not set(secrets_in(other).values()) & set(secrets.values())
    assert not any(secret in again.stderr for secret in secrets.values()), "what is printed is kept in logs"
    assert variables(made)["LAGEBILD_UID"] != "0"


def test_there_is_no_secret_in_the_tree() -> None:
    given = {
        f"{name}: {key}={value}"
        for name, each in SERVICES.items()
        for key, value in each.get("environment", {}).items()
        if re.search(r"PASSWORD|KEY$|SECRET|TOKEN", key) and not re.fullmatch(r"\$\{\w+:\?[^}]+\}", value)
    }
    assert given == set()
    assert "deploy/.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


def test_every_variable_of_our_containers_is_one_that_the_program_knows() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("pipeline/**/*.py"))
    referenced = set(re.findall(r"\$\{env:(\w+)\}", (DEPLOY / "compose" / "lagebild.yaml").read_text(encoding="utf-8")))
    given = {key for each in OURS.values() for key in each["environment"]}
    assert referenced <= given, "a secret that the configuration reads and nobody gives"
    unknown = {name for name in given - referenced if f'"{name}"' not in sources}
    assert unknown == set()


def test_every_mounted_file_is_there_and_every_volume_declared() -> None:
    for name, each in SERVICES.items():
        for mount in each.get("volumes", ()):
            source = mount.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists(), f"{name} mounts {source}"
            else:
                assert source in COMPOSE["volumes"], f"{name} mounts {source}"
    used = {mount.split(":")[0] for each in SERVICES.values() for mount in each.get("volumes", ())}
    assert COMPOSE["volumes"].keys() <= used
    build = COMPOSE["x-lagebild"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()


def test_nothing_listens_but_on_this_machine() -> None:
    ports = [port for each in SERVICES.values() for port in each.get("ports", ())]
    assert len(ports) == len({port.split(":")[1] for port in ports}) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_whoever_waits_for_another_waits_for_something_that_comes() -> None:
    for name, each in SERVICES.items():
        assert each["profiles"], f"{name} would run without being asked for"
        assert ("healthcheck" in each) or name in ONE_SHOTS | {"worker"}, f"nobody can tell how {name} is"
        assert (name in ONE_SHOTS) is not (each.get("restart") == "unless-stopped")
        for other, condition in each.get("depends_on", {}).items():
            wanted = SERVICES[other]
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in wanted, f"{name} waits for {other}, which has no check"
            else:
                assert condition["condition"] == "service_completed_successfully" and other in ONE_SHOTS
            always = set(each["profiles"]) <= set(wanted["profiles"])
            assert always or condition["required"] is False, f"{name} needs {other}, which is not in all of its profiles"
    assert {name for name, each in SERVICES.items() if "full" in each["profiles"]} == SERVICES.keys() - {"worker"}


def test_our_containers_can_write_nothing_but_rules_and_dictionaries() -> None:
    for name, each in OURS.items():
        assert each["read_only"] and each["cap_drop"] == ["ALL"] and each["security_opt"] == ["no-new-privileges:true"], name
        assert each["user"].startswith("${LAGEBILD_UID:?"), name
        writable = [mount.split(":")[1] for mount in each["volumes"] if not mount.endswith(":ro")]
        assert writable == ["/etc/lagebild/rules", "/var/cache/lagebild"], name
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert users and users[-1] == "10001:10001"


def test_the_image_is_built_from_files_that_are_there() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")]
    copied = [
        words[:-1] for words in (line.split()[1:] for line in DOCKERFILE.splitlines() if line.startswith("COPY") and "--from" not in line)
    ]
    sources = [source for each in copied for source in each]
    assert sources and sorted(sources) == sorted(let_in)
    assert all((ROOT / source).exists() for source in sources)
    assert not re.search(r"^(ADD|ARG) ", DOCKERFILE, re.MULTILINE)


def test_the_configuration_of_the_containers_is_fine() -> None:
    path = DEPLOY / "compose" / "lagebild.yaml"
    result = CliRunner().invoke(
        app,
        ["check", "--config", str(path)],
        env={"ELASTICSEARCH_USER": "x", "ELASTICSEARCH_PASSWORD": "x", "LAGEBILD_KIBANA_PASSWORD": "x"},
    )
    assert result.exit_code == 0 and "is not set" not in result.output, result.output
    settings = load(path)
    hosts = {
        settings.kafka.servers[0].split(":")[0],
        settings.elasticsearch.url.split("/")[2].split(":")[0],
        settings.kibana.url.split("/")[2].split(":")[0],
    }
    assert hosts == {"kafka", "elasticsearch", "kibana"} <= SERVICES.keys()
    inside = dict(each.split("://") for each in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(","))["INSIDE"]
    assert settings.kafka.servers == [inside]
    assert f"127.0.0.1:{settings.console.port}:{settings.console.port}" in SERVICES["lagebild"]["ports"]
    assert settings.console.host == "0.0.0.0", "the port could not be published otherwise"


def asked_of_elasticsearch(folder: Path) -> dict[str, dict[str, Any]]:
    """What `users.sh` asks for, by path; curl is ours, and reads its options as curl does."""
    curl, said = folder / "curl", folder / "said"
    curl.write_text(f'#!/usr/bin/env bash\nprintf "%s\\n" "$*" >> {said}\ncat >> {said}\n', encoding="utf-8")
    curl.chmod(0o755)
    passwords = {name: f"geheim-{name}" for name in SERVICES["users"]["environment"]}
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", **passwords}
    done = subprocess.run(
        ["bash", DEPLOY / "compose" / "users.sh"], env=environment, check=True, capture_output=True, text=True, timeout=30
    )
    assert "geheim" not in done.stdout + done.stderr
    lines = said.read_text(encoding="utf-8").splitlines()
    found = {}
    for options, user, data in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        assert "geheim" not in options and "-X POST" in options and user == 'user = "elastic:geheim-ELASTIC_PASSWORD"'
        path = options.split()[-1].removeprefix("http://elasticsearch:9200/_security/user/")
        # curl takes a backslash away before a quotation mark, and so does JSON.
        found[path] = json.loads(json.loads(data.removeprefix("data = ")))
    return found


def test_everybody_signs_in_as_a_user_of_its_own_with_one_role_and_nobody_as_elastic(tmp_path: Path) -> None:
    asked = asked_of_elasticsearch(tmp_path)
    assert asked.pop("kibana_system/_password") == {"password": "geheim-KIBANA_PASSWORD"}
    roles = yaml.safe_load((DEPLOY / "elasticsearch-roles.yml").read_text(encoding="utf-8"))
    for user, made in asked.items():
        assert made["roles"] == [user] and user in roles, "each user is called like its role"
        assert made["password"] == f"geheim-{user.upper()}_PASSWORD"
    assert "./elasticsearch-roles.yml:/usr/share/elasticsearch/config/roles.yml:ro" in SERVICES["elasticsearch"]["volumes"]
    signed_in = {name: each["environment"].get("ELASTICSEARCH_USER") for name, each in OURS.items()}
    assert signed_in == {
        "setup": "lagebild_setup",
        "setup-kibana": None,
        "lagebild": "lagebild_indexer",
        "worker": "lagebild_indexer",
    }
    for user, service in ((user, OURS[name]) for name, user in signed_in.items() if user):
        assert service["environment"]["ELASTICSEARCH_PASSWORD"].startswith(f"${{{user.upper()}_PASSWORD:?")
    kibana = yaml.safe_load((DEPLOY / "compose" / "lagebild.yaml").read_text(encoding="utf-8"))["kibana"]
    assert kibana["user"] == "lagebild_kibana" and kibana["password"] == "${env:LAGEBILD_KIBANA_PASSWORD}"
    assert {*asked} == {*filter(None, signed_in.values()), kibana["user"]}, "no user that nobody needs"
    assert SERVICES["kibana"]["environment"]["ELASTICSEARCH_USERNAME"] == "kibana_system"
    assert {name for name, each in SERVICES.items() if "ELASTIC_PASSWORD" in each["environment"]} == {"elasticsearch", "users"}


def test_what_the_shell_makes_of_a_password_is_what_was_meant() -> None:
    """The pipe into curl: the options that it reads, without curl."""
    health = SERVICES["elasticsearch"]["healthcheck"]["test"][1].replace("$$", "$").split("|")[0]
    done = subprocess.run(["sh", "-c", health], env={"ELASTIC_PASSWORD": "ab"}, check=True, capture_output=True, text=True, timeout=30)
    assert done.stdout == 'user = "elastic:ab"'


def test_the_check_of_the_page_is_python() -> None:
    program, flag, code = SERVICES["lagebild"]["healthcheck"]["test"][1:]
    assert (program, flag) == ("python", "-c")
    compile(code, "healthcheck", "exec")

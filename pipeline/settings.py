"""The configuration: one YAML file, typed, each name with its type, default and help in one place.

`load(path)` reports all problems at once, with file, line, column and the nearest known name. Secrets are written `${env:NAME}` or
`${file:/path}`, are resolved when they are used, and never print. `lagebild config schema` writes the JSON Schema of `Settings`.
"""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pydantic
from pydantic import Field

from pipeline import connections, located, plugins
from pipeline.errors import BadConfiguration, Problem
from pipeline.secret_references import given_secret as given_secret
from pipeline.secret_references import references, why_not_set, with_absolute_files
from pipeline.secret_references import secret as secret
from pipeline.section_types import PageLanguage, Strict
from pipeline.sections import (
    Alerts,
    Collector,
    Console,
    Elasticsearch,
    EnricherSettings,
    Kafka,
    Kibana,
    Receiver,
    SourceSettings,
    Stories,
    Worker,
)
from pipeline.sources import CANARY_RULE_ID

# Twenty thousand feeds with names and options need about five million.
MAX_BYTES = 20_000_000
# Each section that names plug-ins, the folder of their kind, and the name under which an entry names its plug-in.
PLUGIN_SECTIONS = (("sources", "connectors", "connector"), ("enrichers", "enrichers", "name"), ("receivers", "notifiers", "notifier"))


class Settings(Strict):
    """The whole configuration file."""

    kafka: Kafka = Field(default_factory=Kafka, description="the broker")
    elasticsearch: Elasticsearch = Field(default_factory=Elasticsearch, description="the index")
    kibana: Kibana = Field(default_factory=Kibana, description="dashboards and alert rules in Kibana")
    time_zone: str = Field("Europe/Berlin", description="IANA zone in which people read times")
    language: PageLanguage = Field("de", description="language of the live page: de or en")
    rules: str = Field("rules", description="folder of alert rules, relative to this file")
    plugins: list[str] = Field(default_factory=list, description="further folders with connectors/, enrichers/ and notifiers/")
    contact: str = Field("", description="address or URL that publishers see in our User-Agent")
    sources: list[SourceSettings] = Field(default_factory=list, description="what is read")
    collector: Collector = Field(default_factory=Collector, description="the collector")
    enrichers: list[EnricherSettings] = Field(default_factory=lambda: [EnricherSettings(name="entities")], description="run in this order")
    receivers: list[Receiver] = Field(default_factory=list, description="who is told")
    alerts: Alerts = Field(default_factory=Alerts, description="how alerts behave")
    worker: Worker = Field(default_factory=Worker, description="the Faust worker")
    stories: Stories = Field(default_factory=Stories, description="how copies are gathered")
    console: Console = Field(default_factory=Console, description="the live page")
    folder: Path = Field(
        Path(), exclude=True, json_schema_extra={"readOnly": True}, description="set on loading: relative paths start here"
    )

    @pydantic.field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"there is no time zone {value!r}; write an IANA name such as Europe/Berlin") from None
        return value

    @property
    def plugin_folders(self) -> tuple[Path, ...]:
        return tuple(self.folder / each for each in self.plugins)

    @property
    def rules_folder(self) -> Path:
        return self.folder / self.rules

    @property
    def built_in_rules(self) -> tuple[str, ...]:
        """The ids of the rules of ours that are wanted: without canaries none can be missing."""
        sends = self.collector.canaries and any(not each.paused for each in self.sources)
        return tuple(each for each in self.alerts.built_in_rules if each != CANARY_RULE_ID or sends)

    def topic(self, name: str) -> str:
        """The real name of a topic of `pipeline.topology` in this installation; consumer groups are prefixed alike."""
        return self.kafka.topic_prefix + name

    def index(self, name: str) -> str:
        """The real name of an index, alias or template in this installation."""
        return self.elasticsearch.index_prefix + name


def load(path: Path) -> Settings:
    """The settings in `path`. Raises BadConfiguration with all problems at once."""
    source = located.read(path, max_bytes=MAX_BYTES)
    if source.problems:
        raise BadConfiguration(source.problems)
    if not isinstance(source.data or {}, dict):
        raise BadConfiguration([Problem(str(path), 1, 1, "the configuration is a mapping of names to values")])
    folder = path.resolve().parent
    data = with_absolute_files(source.data or {}, folder)
    settings: Settings | None = None
    problems = [*_reference_problems(data, source), *_folder_problems(data, source, folder), *_plugin_problems(data, source, folder)]
    problems += _file_problems(data, source, folder)
    try:
        settings = _anchored(Settings.model_validate(data), folder)
    except pydantic.ValidationError as error:
        problems += located.model_problems(source, error, Settings)
    if settings is None or problems:
        raise BadConfiguration(problems)
    return settings


def _anchored(settings: Settings, folder: Path) -> Settings:
    """The settings with their folder, and the files of their connections as absolute paths."""
    servers = {
        "kafka": settings.kafka.anchored(folder),
        "elasticsearch": settings.elasticsearch.anchored(folder),
        "kibana": settings.kibana.anchored(folder),
    }
    return settings.model_copy(update={"folder": folder, **servers})


def rules_folder_in(path: Path) -> Path | None:
    """The rules folder of the configuration in `path`, whatever else is wrong with it. None when `load` has reported the folder, or cannot read the file."""
    data = located.read(path, max_bytes=MAX_BYTES).data
    named = data.get("rules", Settings.model_fields["rules"].default) if isinstance(data, dict) else None
    if not isinstance(named, str):
        return None
    folder = path.resolve().parent / named
    return folder if folder.is_dir() or "rules" not in data else None


def entries(data: Mapping[str, Any], section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The mappings listed under `section`, whatever else is wrong with the file."""
    listed = data.get(section)
    for index, each in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(each, dict):
            yield index, each


def _reference_problems(data: Mapping[str, Any], source: located.Located) -> list[Problem]:
    """Names that must be unique or must exist elsewhere in the file."""
    found = []
    for section, key in (("sources", "id"), ("receivers", "name")):
        seen: dict[str, int] = {}
        for index, each in entries(data, section):
            value = each.get(key)
            if isinstance(value, str) and value in seen:
                found.append(source.problem((section, index, key), f"{value!r} is already used by {section}[{seen[value]}]"))
            elif isinstance(value, str):
                seen[value] = index
    known = [str(each.get("name")) for _, each in entries(data, "receivers")]
    alerts = data.get("alerts")
    route = alerts.get("default_route") if isinstance(alerts, dict) else None
    heartbeat = alerts.get("heartbeat") if isinstance(alerts, dict) else None
    beats_to = heartbeat.get("receiver") if isinstance(heartbeat, dict) else None
    if isinstance(beats_to, str) and beats_to not in known:
        found.append(source.problem(("alerts", "heartbeat", "receiver"), no_receiver(beats_to, known)))
    for index, name in enumerate(route if isinstance(route, list) else ()):
        if isinstance(name, str) and name not in known:
            found.append(source.problem(("alerts", "default_route", index), no_receiver(name, known)))
    return found


def no_receiver(name: str, known: Sequence[str]) -> str:
    """What is wrong with a route to `name`, which is none of the `known` receivers."""
    return f"there is no receiver {name!r}.{located.nearest(name, known)}"


def _folder_problems(data: Mapping[str, Any], source: located.Located, folder: Path) -> list[Problem]:
    """Folders that the file names and that are not there."""
    listed = data.get("plugins")
    named = [(("plugins", index), each) for index, each in enumerate(listed if isinstance(listed, list) else ())]
    wanted: list[tuple[tuple[str | int, ...], Any]] = [*named, (("rules",), data.get("rules"))]
    return [
        source.problem(place, f"there is no folder {each!r} (looked for {folder / each}).{_nearest_folder(folder / each)}")
        for place, each in wanted
        if isinstance(each, str) and not (folder / each).is_dir()
    ]


def _file_problems(data: Mapping[str, Any], source: located.Located, folder: Path) -> list[Problem]:
    """Certificates and keys that the file names and that are not there."""
    return [
        source.problem((section, name), f"there is no file {path!r} (looked for {folder / path})")
        for section, name, path in connections.files_named(data)
        if not (folder / path).is_file()
    ]


def _nearest_folder(path: Path) -> str:
    try:
        return located.nearest(path.name, [each.name for each in path.parent.iterdir() if each.is_dir()])
    except OSError:
        return ""


def _plugin_problems(data: Mapping[str, Any], source: located.Located, folder: Path) -> list[Problem]:
    """Plug-ins that do not exist, and options that they do not have."""
    listed = data.get("plugins")
    folders = tuple(folder / each for each in (listed if isinstance(listed, list) else ()) if isinstance(each, str))
    found: list[Problem] = []
    load = functools.cache(lambda kind, name: plugins.load(kind, name, folders))
    for section, kind, key in PLUGIN_SECTIONS:
        for index, each in entries(data, section):
            name, options = each.get(key), each.get("options", {})
            if isinstance(name, str) and isinstance(options, dict):
                found += _plugin_problem(source, (section, index), (kind, key, name), options, folders, load)
    return found


def _plugin_problem(
    source: located.Located,
    place: tuple[str, int],
    plugin: tuple[str, str, str],
    options: dict[str, Any],
    folders: tuple[Path, ...],
    load: Callable[[str, str], ModuleType],
) -> list[Problem]:
    kind, key, name = plugin
    try:
        module = load(kind, name)
    except plugins.NoSuchPlugin as error:
        return [source.problem((*place, key), f"{error}.{located.nearest(name, plugins.names(kind, folders))}")]
    except plugins.FaultyPlugin as error:
        return [source.problem((*place, key), str(error))]
    try:
        module.Options.model_validate(options)
    except pydantic.ValidationError as error:
        return located.model_problems(source, error, module.Options, (*place, "options"))
    except pydantic.PydanticUserError as error:
        return [
            source.problem((*place, key), f"the plug-in {name!r} is faulty: its Options cannot be used: {error.message.splitlines()[0]}")
        ]
    return []


def warnings(settings: Settings) -> list[str]:
    """What is no mistake in the file and will still not work: secrets that are not set, and nothing to read or nobody to tell."""
    listed = [each.options for each in settings.sources] + [each.options for each in settings.receivers]
    listed += [each.options for each in settings.enrichers]
    listed += [each.model_dump() for each in (settings.kafka, settings.elasticsearch, settings.kibana)]
    named = {each for options in listed for each in references(options)}
    found = [why for kind, name in sorted(named) if (why := why_not_set(kind, name))]
    found += [
        f"the source {each.id} has websub: true, but nobody can reach us without collector.callback: it is only polled"
        for each in settings.sources
        if each.options.get("websub") is True and settings.collector.callback is None
    ]
    if not settings.sources:
        found.append("there are no sources: nothing will be read")
    if not settings.receivers:
        found.append("there are no receivers: alerts are recorded and shown, and nobody is told")
    return found

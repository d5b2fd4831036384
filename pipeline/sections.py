"""The sections of the configuration file: each name with its type, default and help in one place. `settings` reads them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

import pydantic
from pydantic import Field

from pipeline.addresses import ServerAddress, parts
from pipeline.connections import Connection, ElasticsearchConnection, KafkaConnection, password_in_clear
from pipeline.section_types import (
    Country,
    Id,
    LanguageCode,
    Names,
    OptionalWebAddress,
    Prefix,
    SecretReference,
    SpaceName,
    Strict,
)


class Kafka(KafkaConnection):
    topic_prefix: Prefix = Field("", description="put before every topic and consumer group, so that several installations share one Kafka")
    replication: int = Field(1, ge=1, le=10, description="copies of each topic that `topics apply` asks for; 3 in production")
    session_seconds: float = Field(10, ge=1, le=300, description="a process that is silent for so long loses its partitions")
    max_record_bytes: int = Field(4_000_000, ge=100_000, le=50_000_000, description="largest record; the broker must allow as much")


class Elasticsearch(ElasticsearchConnection):
    index_prefix: Prefix = Field("", description="put before every index, alias and template name")
    bulk_documents: int = Field(500, ge=1, le=5000, description="documents in one bulk request at most")
    bulk_bytes: int = Field(5_000_000, ge=100_000, le=50_000_000, description="bytes in one bulk request at most")
    retention_days: int = Field(400, ge=1, description="articles older than this are removed by `lagebild retention`")


class Kibana(Connection):
    FILES: ClassVar[tuple[str, ...]] = ("ca_file",)

    url: ServerAddress = Field("http://127.0.0.1:5601", description="address of Kibana, with its base path when it has one")
    space: SpaceName = Field("", description="the Kibana space that gets the dashboards and rules; empty: the default space")
    user: str = Field("", description="the user that `kibana apply` signs in as; or give an api_key")
    password: SecretReference = Field("", description="the user's password, as ${env:NAME} or ${file:/path}")
    api_key: SecretReference = Field("", description="an API key in its encoded form, as ${env:NAME} or ${file:/path}; instead of a user")
    ca_file: Annotated[str, Names.AUTHORITIES] = Field(
        "", description="PEM file of the authority that signed Kibana's certificate, relative to this file; empty: the system's"
    )
    dangerously_send_password_without_tls: bool = Field(
        False, description="send the user's password or the api_key over http to another machine, where everybody on the way reads it"
    )
    timeout_seconds: float = Field(60, ge=1, le=600, description="for one request to Kibana as a whole")
    keywords: list[str] = Field(default_factory=list, description="a Kibana rule watches `news.terms_added` for each of these words")
    severities: list[Literal["info", "low", "medium", "high", "critical"]] = Field(
        ["high", "critical"], description="a Kibana rule watches episodes of these severities; none when empty"
    )

    @pydantic.field_validator("keywords")
    @classmethod
    def _single_words(cls, value: list[str]) -> list[str]:
        for each in value:
            if len(each.split()) != 1:
                raise ValueError(f"{each!r} is not one word: the index holds words one by one; write a rule of Lagebild for more than that")
        return value

    @pydantic.model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.user and self.api_key:
            raise ValueError("both a user and an api_key are named: keep one of them")
        if parts(self.url).username:
            raise ValueError("url holds a user: write user and password beside it, the password as ${env:NAME} or ${file:/path}")
        if bool(self.user) != bool(self.password):
            raise ValueError("user and password belong together; write the password for example as ${env:KIBANA_PASSWORD}")
        if self.ca_file and not self.url.startswith("https:"):
            raise ValueError("a certificate can only be checked over TLS: begin url with https://")
        if (self.user or self.api_key) and not self.dangerously_send_password_without_tls and (problem := password_in_clear(self.url)):
            raise ValueError(problem)
        return self


class Worker(Strict):
    batch_articles: int = Field(100, ge=1, le=1000, description="articles a stage takes at once")
    restore_seconds: float = Field(120, ge=1, description="deadline for reading a stage's memory after an assignment")
    stalled_seconds: float = Field(60, ge=5, description="the worker ends itself when nothing moves for so long although there is work")


class Stories(Strict):
    window_hours: float = Field(
        72, gt=0, le=72, description="how long an article can attract copies; the topic `stories` keeps 24 hours more"
    )
    max_per_language: int = Field(300_000, ge=100, description="articles remembered per language")


class SourceSettings(Strict):
    id: Id = Field(description="stable name; cursors and health are kept under it")
    connector: str = Field(description="the plug-in that reads it: a file name in connectors/")
    name: str = Field("", description="what people see")
    country: Country = Field("", description="ISO 3166 code of the publisher's country")
    language: LanguageCode = Field("", description="the language the publisher declares, used when the text is too short to tell")
    owner: str = Field("", description="who owns the publisher: counts once in corroboration")
    every_seconds: float = Field(
        300,
        ge=0.2,
        le=86_400,
        description="pause between two fetches; without it a feed's own rhythm decides, within the connector's limits",
    )
    backfill_alerts: bool = Field(
        False, description="whether what is from before we looked (the first fetch of a new source, archives) alerts like news"
    )
    paused: bool = Field(False, description="keep the source but do not fetch")
    canary: bool = Field(False, description="send canary articles of its own through this source, not only one for its connector")
    tier: int = Field(0, ge=0, le=9, description="how far it is trusted: 1 first, 9 last, 0 not said; rules ask for it as source.tier")
    options: dict[str, Any] = Field(default_factory=dict, description="the connector's own options")


class Callback(Strict):
    url: ServerAddress = Field(
        description="public address of host and port, behind a proxy with TLS: hubs of feeds (WebSub) send there, below /v1/websub/"
    )
    host: str = Field("127.0.0.1", description="address to listen on; push sources may share host and port")
    port: int = Field(8090, ge=1, le=65_535, description="port to listen on")
    websub: bool = Field(False, description="let the hubs of all feeds push, but for feeds with websub: false")


class Collector(Strict):
    canaries: bool = Field(
        True, description="send a canary article through each connector, which nobody sees: it measures and proves the way to the alert"
    )
    canary_seconds: float = Field(
        300, ge=10, le=600, description="pause between two canaries of one connector, or of one source that asks for its own"
    )
    fetches_at_once: int = Field(32, ge=1, le=512, description="fetches that run at the same time; each may hold one document in memory")
    callback: Callback | None = Field(None, description="where others can reach the collector; nobody can when left out")


class Receiver(Strict):
    name: Id = Field(description="the name that rules route to")
    notifier: str = Field(description="the plug-in that sends: a file name in pipeline/notifiers/")
    options: dict[str, Any] = Field(default_factory=dict, description="the notifier's own options")


class EnricherSettings(Strict):
    name: str = Field(description="the plug-in: a file name in pipeline/enrichers/")
    options: dict[str, Any] = Field(default_factory=dict, description="the enricher's own options")


class Heartbeat(Strict):
    receiver: Id = Field(description="a receiver outside that raises the alarm when the heartbeat stays away (a dead man's switch)")
    every_seconds: float = Field(60, ge=5, le=86_400, description="pause between two heartbeats")


class Alerts(Strict):
    default_route: list[str] = Field(default_factory=list, description="receivers of rules that name none")
    attempts: int = Field(
        8,
        ge=1,
        le=100,
        description="tries before a notification counts as failed, at least; they last as long as waits would that grow threefold from 2 s to 30 min (8: 36 minutes)",
    )
    late_hours: float = Field(
        6,
        gt=0,
        description="an article published longer ago than this when we first saw it is marked as late; it still rings, with its date",
    )

    page_url: OptionalWebAddress = Field("", description="address under which people reach the live page: alerts link to it")
    kibana_url: OptionalWebAddress = Field("", description="address of Kibana: alerts link to it")
    built_in_rules: list[Literal["canary", "sources"]] = Field(
        ["canary", "sources"],
        description="which of the rules that come with Lagebild are live; a file of the same name in the rules folder takes the place of one",
    )
    heartbeat: Heartbeat | None = Field(None, description="proof of life to a receiver outside; none when left out")


class Console(Strict):
    host: str = Field(
        "127.0.0.1", description="address the live page listens on; anything but 127.0.0.1 is visible to others and has no login yet"
    )
    port: int = Field(8080, ge=0, le=65_535, description="port of the live page; 0 takes a free one")
    articles: int = Field(500, ge=10, le=5000, description="newest articles kept for the page")
    user_header: str = Field(
        "", description="header in which a proxy names who is signed in, such as X-Forwarded-User; empty: people choose a name on the page"
    )

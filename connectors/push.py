"""An HTTP endpoint to which others push articles: one, a batch, or NDJSON, in every format that is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pydantic
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors._push import server
from connectors._push.access import Access, Replays
from connectors._push.paths import articles_path
from connectors._push.request import Intake
from connectors._push.waiting import Delivery, Waiting, say_safe
from pipeline.errors import BadConfiguration, Problem
from pipeline.plugins import Batch, Context
from pipeline.section_types import SecretReference
from pipeline.settings import secret
from pipeline.signing import key_of

WAIT_SECONDS = 2.0
MIN_SECRET_CHARACTERS = 16


class Options(BaseModel):
    """An address at which articles are taken: `POST /v1/sources/<source id>/articles`; `/openapi.json` describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(
        "127.0.0.1", description="address to listen on; several push sources may share host and port; put a proxy with TLS in front"
    )
    port: int = Field(8090, ge=1, le=65_535, description="port to listen on")
    tokens: list[SecretReference] = Field(
        default_factory=list, description="bearer tokens that are let in, as ${env:NAME} or ${file:/path}"
    )
    secrets: list[SecretReference] = Field(
        default_factory=list,
        description="keys of signed requests (Standard Webhooks), as ${env:NAME} or ${file:/path}; several while one is exchanged",
    )
    tolerance_seconds: float = Field(300, ge=1, le=3_600, description="how far the time of a signed request may be away from now")
    max_bytes: int = Field(5_000_000, ge=1_000, le=50_000_000, description="largest request")
    max_articles: int = Field(500, ge=1, le=5_000, description="articles in one request at most")
    confirm_seconds: float = Field(
        10, ge=0.05, le=60, description="a request that Kafka has not confirmed by then is answered with 503 and sent again"
    )
    site: str = Field(
        "", description="the publisher's host, within which ids are unique; default: the host of the article's URL, or else the source's id"
    )

    @pydantic.model_validator(mode="after")
    def _lets_somebody_in(self) -> Options:
        if not [each for each in (*self.tokens, *self.secrets) if each]:
            raise ValueError("nobody could push: give tokens, secrets, or both")
        return self


def create(options: Options, context: Context) -> Push:
    return Push(options, context)


class Push:
    """One endpoint. The cursor: the marks of the requests that Kafka confirmed last, so that copies of them change nothing after a restart either."""

    # It waits for requests inside `fetch`.
    listens = True

    def __init__(self, options: Options, context: Context) -> None:
        tokens = [_resolved(each, context.name).encode() for each in options.tokens if each]
        keys = [key_of(_resolved(each, context.name)) for each in options.secrets if each]
        self._options = options
        self._waiting: Waiting[Delivery] = Waiting()
        self._replays = Replays()
        self._handed: tuple[Mapping[str, Any], list[Delivery]] | None = None
        self._intake = Intake(options, context, Access(tokens, keys, options.tolerance_seconds), self._waiting, self._replays)
        self._is_open = False
        self._name = context.name
        self.try_by = (
            f"While the collector runs, POST an article to http://{options.host}:{options.port}{articles_path(context.name)};"
            " `lagebild feeds health` shows what came, /openapi.json describes it"
        )

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """What was pushed meanwhile; waits for it up to two seconds. Called with the cursor of the batch before, that batch is safe and its senders are told.

        Raises Transient when the port is taken.
        """
        if not self._is_open:
            for mark in cursor.get("confirmed", ()):
                self._replays.add(str(mark))
            server.open_for(self._options.host, self._options.port, articles_path(self._name), self._intake)
            self._is_open = True
        self._settle(cursor)
        taken = self._waiting.take(WAIT_SECONDS)
        if not taken:
            return Batch(cursor=cursor, wait_seconds=0)
        after = {"confirmed": self._replays.saved(each.mark for each in taken)}
        self._handed = (after, taken)
        articles = tuple(article for each in taken for article in each.articles)
        return Batch(articles, after, 0, tuple(found for each in taken for found in each.unreadable))

    def close(self) -> None:
        """Take nothing more."""
        if self._is_open:
            server.close_for(self._options.host, self._options.port, articles_path(self._name), self._intake)
            self._is_open = False

    def _settle(self, cursor: Mapping[str, Any]) -> None:
        handed, self._handed = self._handed, None
        if handed is None:
            return
        after, deliveries = handed
        if dict(cursor) != dict(after):
            self._waiting.put_back(deliveries)
            return
        for each in deliveries:
            self._replays.add(each.mark)
        say_safe(deliveries)


def _resolved(reference: str, source: str) -> str:
    found = secret(SecretStr(reference))
    if len(found) < MIN_SECRET_CHARACTERS:
        why = f"the secret {reference} has fewer than {MIN_SECRET_CHARACTERS} characters and could be guessed: make one with `openssl rand -base64 32`"
        raise BadConfiguration([Problem(f"source {source}", 1, 1, why)])
    return found

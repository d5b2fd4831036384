"""What every connector that asks an address is told of it, and the client that asks so."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import pydantic
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors._http import Client
from pipeline.outgoing.address import Allowance, url_problem, without_query
from pipeline.settings import secret

MaxBytes = Annotated[int, Field(ge=1_000, le=100_000_000)]


class Address(BaseModel):
    """An address over HTTP. A connector's `Options` add their own to these, and say what `url` and `max_bytes` are there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="address, http or https")
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="further request headers, such as Authorization; values may be ${env:NAME} or ${file:/path}"
    )
    contact: str = Field("", description="address or URL in our User-Agent; default: contact of the configuration")
    timeout_seconds: float = Field(30, gt=0, le=300, description="time for one request, redirects and body included")
    max_bytes: MaxBytes = Field(10_000_000, description="largest answer, decompressed")
    allow_private: list[Allowance] = Field(
        default_factory=list, description="hosts, addresses or networks that may be private, such as 127.0.0.1 or 10.0.0.0/8"
    )

    @pydantic.field_validator("url")
    @classmethod
    def _can_be_asked(cls, value: str) -> str:
        if problem := url_problem(value):
            raise ValueError(f"{without_query(value)} {problem}")
        return value

    @property
    def host(self) -> str:
        """The publisher's host, whose sources share one pace; "" for what was allowed by name: that is our own."""
        return "" if self.allow_private else (urlsplit(self.url).hostname or "")

    def secrets(self) -> dict[str, str]:
        """The further headers with their values, which are meant for the origin of `url` alone."""
        return {name: secret(value) for name, value in self.headers.items()}

    def client(self, max_bytes: int | None = None) -> Client:
        """A client that asks under these options; `max_bytes` replaces theirs, for documents of another kind."""
        return Client(
            contact=self.contact,
            timeout_seconds=self.timeout_seconds,
            max_bytes=self.max_bytes if max_bytes is None else max_bytes,
            allow_private=self.allow_private,
        )

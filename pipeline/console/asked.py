"""Reading what the page asks to be done: small JSON of a known shape, by somebody with a name. Everything else is a `Fault`, told in words.

And answering it in JSON.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from fastapi import Request
from fastapi.responses import JSONResponse, Response

from pipeline.naming import LONGEST_NAME, cleaned, unfit_name
from pipeline.settings import Settings

MOST_BODY_BYTES = 100_000
NO_STORE = {"Cache-Control": "no-store"}
T = TypeVar("T")


class Fault(Exception):
    """Why something is not done. `code` names it for the page, which says it in the reader's language; `more` are further facts for it."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.more = more

    def answer(self) -> JSONResponse:
        return JSONResponse({"error": self.message, "code": self.code, **self.more}, self.status, headers=NO_STORE)


def answered(value: object) -> Response:
    """`value` as JSON that nobody keeps."""
    return Response(msgspec.json.encode(value), media_type="application/json", headers=NO_STORE)


async def asked(request: Request, kind: type[T]) -> T:
    """The body as a `kind`. Raises Fault when it is too large or is no such thing."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY_BYTES:
            raise Fault(413, "too_large", f"this is more than {MOST_BODY_BYTES:,} bytes")
    try:
        return msgspec.json.decode(bytes(body), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Fault(400, "not_understood", f"this was not understood: {error}") from None


def named_by_proxy(request: Request, settings: Settings) -> str:
    """The name that the proxy's header gives; "" where no header is configured, or it is missing or no name."""
    header = settings.console.user_header
    given = request.headers.get(header, "") if header else ""
    try:
        # Headers come as Latin-1; proxies write UTF-8.
        given = given.encode("latin-1").decode("utf-8")
    except UnicodeError:
        given = given[:LONGEST_NAME]
    name = cleaned(given)
    return "" if unfit_name(name) else name


def who(request: Request, settings: Settings, chosen: str) -> str:
    """Who asks: the proxy's word, where one is configured, else the name chosen on the page. Raises Fault when nobody is named."""
    if settings.console.user_header:
        if name := named_by_proxy(request, settings):
            return name
        raise Fault(401, "proxy_name_missing", f"the proxy did not say who you are in the header {settings.console.user_header}")
    if why := unfit_name(chosen):
        raise Fault(400, "name_missing", f"say who you are: {why}")
    return cleaned(chosen)

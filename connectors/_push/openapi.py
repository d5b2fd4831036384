"""The description of the push endpoint for machines: OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_ARTICLE: dict[str, Any] = {
    "type": "object",
    "description": "An article. Other names that houses use are understood too, as are ninjs 1 to 3 and schema.org.",
    "properties": {
        "id": {"type": "string", "description": "the publisher's stable id; the same id with a changed text is a revision"},
        "url": {"type": "string", "format": "uri"},
        "title": _TEXT,
        "summary": _TEXT,
        "body": {"type": "string", "description": "plain text or HTML"},
        "authors": {"type": "array", "items": _TEXT},
        "section": _TEXT,
        "keywords": {"type": "array", "items": _TEXT},
        "published": {"type": "string", "format": "date-time"},
        "updated": {"type": "string", "format": "date-time"},
        "language": _TEXT,
        "pubstatus": {
            "enum": ["usable", "withheld", "canceled"],
            "description": "canceled withdraws the article from those who were told; withheld keeps it back until a later version",
        },
        "embargoed": {"type": "string", "format": "date-time", "description": "held back until then; with a zone"},
    },
}
_TAKEN: dict[str, Any] = {
    "type": "object",
    "required": ["articles", "rejected", "repeat"],
    "properties": {
        "articles": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "guid"],
                "properties": {"id": _TEXT, "guid": _TEXT, "embargoed": _TEXT, "pubstatus": _TEXT},
            },
        },
        "rejected": {
            "type": "array",
            "items": {"type": "object", "properties": {"subject": _TEXT, "reason": _TEXT, "detail": _TEXT}},
        },
        "repeat": {"type": "boolean", "description": "the same request was taken before, and nothing was published again"},
    },
}
_ERROR: dict[str, Any] = {"type": "object", "required": ["error"], "properties": {"error": _TEXT}}
_SIGNED: dict[str, list[str]] = {"webhookId": [], "webhookTimestamp": [], "webhookSignature": []}


def document() -> dict[str, Any]:
    """The OpenAPI document as JSON values."""
    one, several = {"$ref": "#/components/schemas/Article"}, {"type": "array", "items": {"$ref": "#/components/schemas/Article"}}
    content: dict[str, Any] = {
        "application/json": {"schema": {"oneOf": [one, several]}},
        "application/x-ndjson": {"schema": {"type": "string", "description": "one JSON object on each line"}},
        "application/xml": {"schema": {"type": "string", "description": "NITF, NewsML-G2, CAP, RSS or Atom"}},
        "text/html": {"schema": _TEXT},
        "text/plain": {"schema": {"type": "string", "description": "title, blank line, text; or IPTC 7901"}},
    }
    push = {
        "operationId": "pushArticles",
        "summary": "Push one article or several",
        "description": "Answers once the articles are safe. Sending the same again is harmless: it is recognised.",
        "parameters": [{"name": "source_id", "in": "path", "required": True, "schema": _TEXT}],
        "requestBody": {"required": True, "content": content},
        "security": [{"bearer": []}, _SIGNED],
        "responses": _answers(),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lagebild push", "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "paths": {"/v1/sources/{source_id}/articles": {"post": push}},
        "components": {"schemas": {"Article": _ARTICLE, "Taken": _TAKEN, "Error": _ERROR}, "securitySchemes": _schemes()},
    }


def _answers() -> dict[str, Any]:
    said = {
        "200": ("a copy of a request that was taken before", "Taken"),
        "202": ("the articles are in Kafka; what could not be read stands under rejected", "Taken"),
        "401": ("no valid token, signature or time", "Error"),
        "404": ("there is no such source", "Error"),
        "408": ("the request did not arrive in time", "Error"),
        "413": ("too many bytes or articles", "Error"),
        "415": ("a content-encoding", "Error"),
        "422": ("no article could be read; the request is kept among the rejected", "Taken"),
        "503": ("Kafka has not confirmed it; send it again after Retry-After seconds", "Error"),
    }
    return {
        status: {"description": words, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
        for status, (words, name) in said.items()
    }


def _schemes() -> dict[str, Any]:
    def header(name: str, words: str) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": name, "description": words}

    return {
        "bearer": {"type": "http", "scheme": "bearer"},
        "webhookId": header("webhook-id", "an id of the message, the same for every attempt"),
        "webhookTimestamp": header("webhook-timestamp", "seconds since 1970, at most five minutes away from now"),
        "webhookSignature": header(
            "webhook-signature", "v1, and the base64 of HMAC-SHA256 over id.timestamp.body, of the raw bytes; several with blanks between"
        ),
    }

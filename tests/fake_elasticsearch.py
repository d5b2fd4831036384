"""A fake of a full Elasticsearch, as far as setting it up goes: it answers and refuses as the documentation and the source of 8.19 and 9.5 say.

For what the small server of the tests lacks: language analysers and lifecycle management. It keeps what it is given and gives it back as a server does:
settings as texts, and with dates of its own that nobody sent.
"""

from __future__ import annotations

import fnmatch
import json
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.index.mappings import ANALYSERS

Json = dict[str, Any]

_PARTS = {
    "tokenizer": {"standard", "whitespace", "keyword"},
    "char_filter": {"mapping", "html_strip", "pattern_replace"},
    "filter": {"word_delimiter_graph", "flatten_graph", "lowercase", "stop", "german_normalization", "stemmer"},
}
_ACTIONS = {
    "hot": {"set_priority", "unfollow", "rollover", "readonly", "downsample", "shrink", "forcemerge", "searchable_snapshot"},
    "warm": {"set_priority", "unfollow", "readonly", "downsample", "allocate", "migrate", "shrink", "forcemerge"},
    "cold": {"set_priority", "unfollow", "readonly", "downsample", "searchable_snapshot", "allocate", "migrate"},
    "delete": {"wait_for_snapshot", "delete"},
}


class Refusal(Exception):
    def __init__(self, status: int, reason: str, kind: str = "illegal_argument_exception") -> None:
        super().__init__(reason)
        self.status, self.reason, self.kind = status, reason, kind


class FakeElasticsearch:
    """`mode` is that of lifecycle management, "" where there is none; `away` answers as a cluster without a master. `analysers` are the shipped ones; `parts` whether own ones can be built."""

    def __init__(self) -> None:
        self.analysers = set(ANALYSERS.values())
        self.parts = True
        self.mode = "RUNNING"
        self.policies: dict[str, Json] = {}
        self.templates: dict[str, Json] = {}
        self.indices: dict[str, Json] = {}
        self.writes: list[str] = []
        self.url = ""
        self.away = False
        self.asked = 0

    def create(self, name: str) -> None:
        """An index made by its first document, from the template that fits."""
        made: Json = {"aliases": {}, "mappings": {"properties": {}}, "settings": {"index": {"uuid": "x", "provided_name": name}}}
        for template in self.templates.values():
            if any(fnmatch.fnmatchcase(name, each) for each in template["index_patterns"]):
                body = json.loads(json.dumps(template["template"]))
                made = {"aliases": body["aliases"], "mappings": body["mappings"], "settings": body["settings"]}
                made["settings"]["index"]["uuid"] = "x"
        self.indices[name] = made

    def answer(self, method: str, path: str, body: Json) -> Json:
        self.asked += 1
        if self.away:
            raise Refusal(503, "the cluster has no master", "cluster_block_exception")
        first, *rest = path.strip("/").split("/")
        if first == "_analyze":
            return self._analyze(body)
        if first == "_ilm":
            return self._lifecycle(method, rest, body)
        if first == "_index_template":
            return self._template(method, rest[0], body)
        if first == "_aliases":
            for each in body["actions"]:
                self.indices[each["add"]["index"]]["aliases"][each["add"]["alias"]] = {}
            return {"acknowledged": True}
        return self._index(method, first, rest, body)

    def _analyze(self, body: Json) -> Json:
        if "analyzer" in body:
            if body["analyzer"] not in self.analysers | {"standard"}:
                raise Refusal(400, f"failed to find global analyzer [{body['analyzer']}]")
            return {"tokens": []}
        for kind, known in _PARTS.items():
            for each in [body[kind]] if isinstance(body[kind], str) else body[kind]:
                name = each if isinstance(each, str) else each["type"]
                if not self.parts or name not in known:
                    shipped = isinstance(each, str)
                    why = (
                        f"failed to find global {kind} under [{name}]"
                        if shipped
                        else f"Unknown {kind} type [{name}] for [__anonymous__{name}]"
                    )
                    raise Refusal(400, why)
        return {"tokens": []}

    def _lifecycle(self, method: str, rest: list[str], body: Json) -> Json:
        if not self.mode:
            raise Refusal(400, f"no handler found for uri [/_ilm/{'/'.join(rest)}] and method [{method}]", "")
        if rest == ["status"]:
            return {"operation_mode": self.mode}
        name = rest[1]
        if method == "GET":
            if name not in self.policies:
                raise Refusal(404, f"Lifecycle policy not found: {name}", "resource_not_found_exception")
            return {
                name: {
                    "version": 1,
                    "modified_date": "2026-11-21T00:00:00.000Z",
                    "policy": self.policies[name],
                    "in_use_by": {"indices": []},
                }
            }
        for phase, each in body["policy"]["phases"].items():
            if unknown := each["actions"].keys() - _ACTIONS.get(phase, set()):
                raise Refusal(400, f"invalid action [{', '.join(unknown)}] defined in phase [{phase}]")
        self.policies[name] = {**body["policy"], "deprecated": False}
        return {"acknowledged": True}

    def _template(self, method: str, name: str, body: Json) -> Json:
        if method == "GET":
            if name not in self.templates:
                raise Refusal(404, f"index template matching [{name}] not found", "resource_not_found_exception")
            return {"index_templates": [{"name": name, "index_template": {**self.templates[name], "created_date_millis": 1}}]}
        self._check_analysers(body["template"]["mappings"]["properties"], body["template"]["settings"])
        self.templates[name] = {**body, "template": {**body["template"], "settings": _as_texts(body["template"]["settings"])}}
        return {"acknowledged": True}

    def _index(self, method: str, pattern: str, rest: list[str], body: Json) -> Json:
        if method == "GET":
            return {name: each for name, each in self.indices.items() if fnmatch.fnmatchcase(name, pattern)}
        index = self.indices[pattern]
        if rest == ["_mapping"]:
            self._check_analysers(body["properties"], index["settings"])
            index["mappings"]["properties"].update(body["properties"])
        elif rest == ["_settings"]:
            for name, value in body.items():
                _put(index["settings"], name.split("."), str(value))
        return {"acknowledged": True}

    def _check_analysers(self, fields: Json, settings: Json) -> None:
        own = settings["index"].get("analysis", {}).get("analyzer", {})
        for used in _analysers_in(fields):
            if used not in self.analysers | {"standard"} | own.keys():
                raise Refusal(
                    400, f"Failed to parse mapping: analyzer [{used}] has not been configured in mappings", "mapper_parsing_exception"
                )


def _analysers_in(fields: Json) -> Iterator[str]:
    for each in fields.values():
        if "analyzer" in each:
            yield each["analyzer"]
        yield from _analysers_in(each.get("properties", {}))


def _as_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_texts(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_texts(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _put(tree: Json, names: list[str], value: str) -> None:
    for each in names[:-1]:
        tree = tree.setdefault(each, {})
    tree[names[-1]] = value


@contextmanager
def full_elasticsearch() -> Generator[FakeElasticsearch]:
    """A running fake on 127.0.0.1."""
    fake = FakeElasticsearch()

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: in two, the second would wait 40 ms for an acknowledgement.
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.command != "GET" and path != "/_analyze":
                fake.writes.append(f"{self.command} {path}")
            try:
                status, said = 200, fake.answer(self.command, path, json.loads(sent or b"{}"))
            except Refusal as refusal:
                error: Any = {"type": refusal.kind, "reason": refusal.reason} if refusal.kind else refusal.reason
                status, said = refusal.status, {"error": error, "status": refusal.status}
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""A Kibana on 127.0.0.1 as far as its documentation goes: saved objects, connectors, rules, spaces, and the ways in which it refuses.

It keeps what it takes. It knows nothing of the code under test: what it refuses is what Kibana 8.8 to 9.x is documented, or was read, to refuse.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
Answer = tuple[int, Any]

# What Kibana 8.8 knows.
TYPES = {"index-pattern": (8, 0, 0), "search": (8, 0, 0), "dashboard": (8, 7, 0)}
DASHBOARD_ATTRIBUTES = {
    *("title", "description", "kibanaSavedObjectMeta", "timeRestore", "timeFrom", "timeTo", "refreshInterval", "controlGroupInput"),
    *("panelsJSON", "optionsJSON", "hits", "version"),
}
RULE_KEYS = {"name", "tags", "schedule", "params", "actions", "notify_when", "throttle", "alert_delay"}
CREATE_KEYS = RULE_KEYS | {"rule_type_id", "consumer", "enabled"}
QUERY_PARAMS = {
    *("size", "timeWindowSize", "timeWindowUnit", "excludeHitsFromPreviousRun", "threshold", "thresholdComparator", "aggType", "aggField"),
    *("groupBy", "termField", "termSize", "searchType", "timeField", "esQuery", "index"),
}
BASIC = {".index", ".server-log"}


class FakeKibana:
    """What a test may set, and what it may look at afterwards. `answers` replaces the answer of a path; `closing` ends answers that hang."""

    def __init__(self) -> None:
        self.url = ""
        self.version = "8.8.0"
        self.authorization = ""
        self.forbidden: tuple[str, ...] = ()
        self.spaces = {"default"}
        self.encryption_key = True
        self.secure = True
        self.objects: dict[tuple[str, str, str], Json] = {}
        self.connectors: dict[str, Json] = {}
        self.rules: dict[str, Json] = {}
        self.elsewhere: set[str] = set()  # ids that another space holds
        self.answers: dict[str, Callable[[], tuple[int, bytes, dict[str, str]]]] = {}
        self.asked: list[tuple[str, str]] = []
        self.closing = threading.Event()

    def changed(self) -> list[str]:
        """The requests that change something."""
        return [path for method, path in self.asked if method in ("POST", "PUT") and "_export" not in path]

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(target)
        space, path = _space(parts.path)
        if self.authorization and headers.get("authorization") != self.authorization:
            return _error(401, "Unauthorized", "[security_exception: unable to authenticate user for REST request]")
        if method != "GET" and "kbn-xsrf" not in headers:
            return _error(400, "Bad Request", "Request must contain a kbn-xsrf header.")
        if space not in self.spaces:
            return _error(404, "Not Found", f"Saved object [space/{space}] not found")
        if path.startswith(self.forbidden or ("\0",)):
            return _error(403, "Forbidden", f"Unauthorized for {path}")
        if path == "/api/saved_objects/_import":
            return self._imported(space, parse_qs(parts.query), headers, body)
        content = json.loads(body) if body else None
        return self._routed(method, space, path, content)

    def _routed(self, method: str, space: str, path: str, content: Any) -> Answer:
        if path == "/api/status":
            return 200, {"name": "kibana", "version": {"number": self.version}, "status": {"overall": {"level": "available"}}}
        if path.startswith("/api/spaces/space/"):
            wanted = path.rsplit("/", 1)[1]
            return (200, {"id": wanted}) if wanted in self.spaces else _error(404, "Not Found", f"Saved object [space/{wanted}] not found")
        if path == "/api/saved_objects/_export":
            return self._exported(space, content["objects"])
        if path == "/api/alerting/_health":
            return 200, {"has_permanent_encryption_key": self.encryption_key, "is_sufficiently_secure": self.secure}
        if path == "/api/alerting/rules/_find":
            return 200, {"page": 1, "per_page": 100, "total": len(self.rules), "data": list(self.rules.values())}
        if match := re.fullmatch(r"/api/(actions/connector|alerting/rule)/([^/]+)", path):
            kept = self.connectors if match[1].startswith("actions") else self.rules
            return self._kept(method, kept, match[2], content)
        return _error(404, "Not Found", "Not Found")

    def _kept(self, method: str, kept: dict[str, Json], id: str, content: Any) -> Answer:
        type = "action" if kept is self.connectors else "alert"
        if method == "GET":
            return (200, kept[id]) if id in kept else _error(404, "Not Found", f"Saved object [{type}/{id}] not found")
        if not self.encryption_key:
            return _error(500, "Internal Server Error", "Unable to create alerts client because the encryption key is missing")
        if method == "POST" and (id in kept or id in self.elsewhere):
            return _error(409, "Conflict", f"Saved object [{type}/{id}] conflict")
        if method == "PUT" and id not in kept:
            return _error(404, "Not Found", f"Saved object [{type}/{id}] not found")
        if not _is_random(id):
            return _error(
                400, "Bad Request", "Predefined IDs are not allowed for saved objects with encrypted attributes unless the ID is a UUID."
            )
        refusal = self._connector_refusal(method, content) if kept is self.connectors else self._rule_refusal(method, content)
        if refusal:
            return refusal
        shown = {name: value for name, value in content.items() if name != "secrets"}
        kept[id] = {"enabled": True, "id": id, **kept.get(id, {}), **shown}
        for action in kept[id].get("actions", ()):
            action.update(uuid=str(uuid.uuid4()), connector_type_id=self.connectors[action["id"]]["connector_type_id"])
        return 200, kept[id]

    def _connector_refusal(self, method: str, content: Json) -> Answer | None:
        unknown = content.keys() - {"name", "config", "secrets", *(("connector_type_id",) if method == "POST" else ())}
        if unknown:
            return _error(400, "Bad Request", f"[request body.{min(unknown)}]: definition for this key is missing")
        if method == "POST" and content["connector_type_id"] not in BASIC:
            return _error(403, "Forbidden", "Action type is disabled because your basic license does not support it.")
        return None

    def _rule_refusal(self, method: str, content: Json) -> Answer | None:
        unknown = content.keys() - (CREATE_KEYS if method == "POST" else RULE_KEYS)
        if unknown:
            return _error(400, "Bad Request", f"[request body.{min(unknown)}]: definition for this key is missing")
        if unknown := content["params"].keys() - QUERY_PARAMS:
            return _error(400, "Bad Request", f"params invalid: [{min(unknown)}]: definition for this key is missing")
        for action in content["actions"]:
            if action["id"] not in self.connectors:
                return _error(400, "Bad Request", f"Failed to validate actions: [action/{action['id']}] not found")
            if unknown := action.keys() - {"id", "group", "params", "frequency", "uuid", "alerts_filter"}:
                return _error(400, "Bad Request", f"[request body.actions.0.{min(unknown)}]: definition for this key is missing")
        return None

    def _exported(self, space: str, wanted: list[Json]) -> Answer:
        absent = [each for each in wanted if (space, each["type"], each["id"]) not in self.objects]
        if not absent:
            return 200, [self.objects[space, each["type"], each["id"]] for each in wanted]
        said = [
            {**each, "error": {"statusCode": 404, "error": "Not Found", "message": f"Saved object [{each['type']}/{each['id']}] not found"}}
            for each in absent
        ]
        status, error = _error(400, "Bad Request", "Error fetching objects to export")
        return status, {**error, "attributes": {"objects": said}}

    def _imported(self, space: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes) -> Answer:
        form = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {headers.get('content-type', '')}\r\n\r\n".encode() + body)
        file = next(iter(form.iter_parts()), None) if form.is_multipart() else None
        if (
            file is None
            or not (file.get_filename() or "").endswith(".ndjson")
            or file.get_param("name", header="content-disposition") != "file"
        ):
            return _error(415, "Unsupported Media Type", "Invalid file extension")
        sent = [json.loads(line) for line in file.get_payload(decode=True).splitlines()]  # type: ignore[union-attr]
        ids = [(each["type"], each["id"]) for each in sent]
        if twice := sorted({f"{type}:{id}" for type, id in ids if ids.count((type, id)) > 1}):
            return _error(400, "Bad Request", f"Non-unique import objects detected: [{','.join(twice)}]")
        for each in sent:
            if newer := _newer(each):
                return _error(422, "Unprocessable Entity", newer)
        overwrite = query.get("overwrite") == ["true"]
        here = {(type, id) for kept, type, id in self.objects if kept == space} | set(ids)
        errors, taken = [], []
        for each in sent:
            error = self._import_error(space, each, here, overwrite)
            if error:
                errors.append({"type": each["type"], "id": each["id"], "meta": {}, "error": error})
                continue
            existed = (space, each["type"], each["id"]) in self.objects
            self.objects[space, each["type"], each["id"]] = each
            taken.append({"type": each["type"], "id": each["id"], "meta": {}, **({"overwrite": True} if existed else {})})
        found: Json = {"success": not errors, "successCount": len(taken), "warnings": [], "successResults": taken}
        return 200, {**found, **({"errors": errors} if errors else {})}

    def _import_error(self, space: str, each: Json, here: set[tuple[str, str]], overwrite: bool) -> Json | None:
        if each["type"] not in TYPES:
            return {"type": "unsupported_type"}
        missing = [{"type": to["type"], "id": to["id"]} for to in each["references"] if (to["type"], to["id"]) not in here]
        if missing:
            return {"type": "missing_references", "references": missing}
        if each["type"] == "dashboard" and (unknown := each["attributes"].keys() - DASHBOARD_ATTRIBUTES):
            return {"type": "unknown", "statusCode": 400, "message": f"[attributes.{min(unknown)}]: definition for this key is missing"}
        if not overwrite and (space, each["type"], each["id"]) in self.objects:
            return {"type": "conflict"}
        return None


def _space(path: str) -> tuple[str, str]:
    match = re.fullmatch(r"/s/([^/]+)(/.*)", path)
    return (match[1], match[2]) if match else ("default", path)


def _error(status: int, error: str, message: str) -> Answer:
    return status, {"statusCode": status, "error": error, "message": message}


def _is_random(id: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[14][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", id) is not None


def _newer(each: Json) -> str:
    known = TYPES.get(each["type"], (99, 0, 0))
    if tuple(map(int, each["typeMigrationVersion"].split("."))) > known:
        last = ".".join(map(str, known))
        return (
            f'Document "{each["id"]}" belongs to a more recent version of Kibana [{each["typeMigrationVersion"]}] when the last known '
            f"version is [{last}]."
        )
    return ""


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[FakeKibana]:
    """A running FakeKibana; with `tls` over HTTPS, under the name localhost."""
    fake = FakeKibana()

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            fake.asked.append((self.command, self.path))
            headers: dict[str, str] = {"content-type": "application/json"}
            replaced = fake.answers.get(_space(urlsplit(self.path).path)[1])
            if replaced:
                status, said, own = replaced()
                headers |= own
            else:
                status, content = fake.answer(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                said = json.dumps(content).encode()
            self._say(status, said, headers)

        do_POST = do_PUT = do_GET

        def _say(self, status: int, said: bytes, headers: dict[str, str]) -> None:
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
            except OSError:
                self.close_connection = True  # the client gave up

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that breaks off, because the certificate does not please it, is no news."""

    server = Server(("127.0.0.1", 0), Asked)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    fake.url = f"https://localhost:{server.server_port}" if tls else f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        fake.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()

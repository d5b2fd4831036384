"""What Kibana's answers say. Pure. A status of 200 means only that Kibana has looked at the file: the body says what became of each object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.kibana.report import Change

OLDEST = (8, 8)
FIRST_UNKNOWN = (10, 0)

KINDS = {"index-pattern": "data view", "search": "saved search", "dashboard": "dashboard"}

Json = Mapping[str, Any]


def version_of(status: Any) -> str:
    """The version in an answer of `/api/status`, such as 8.15.0; "" when it does not tell (it tells nobody without rights)."""
    version = status.get("version") if isinstance(status, Mapping) else None
    number = version.get("number") if isinstance(version, Mapping) else None
    return number if isinstance(number, str) else ""


def version_problem(version: str) -> str:
    """Why nothing can be sent to a Kibana of this version, with what to do; "" when it can, or when the version is not known."""
    parts = _parts(version)
    if not parts or parts >= OLDEST:
        return ""
    return f"it is Kibana {version}, and the objects are written for 8.8 and later: update Kibana"


def version_caution(version: str) -> str:
    """What a person should know about this version; "" for nothing."""
    parts = _parts(version)
    if not parts:
        return "it does not tell its version: whether it is 8.8 or later is not known"
    if parts >= FIRST_UNKNOWN:
        return f"it is Kibana {version}, which is newer than what the objects were checked for (8.8 to 9.x)"
    return ""


def _parts(version: str) -> tuple[int, ...]:
    numbers = version.partition("-")[0].split(".")[:2]
    return tuple(int(each) for each in numbers) if len(numbers) == 2 and all(each.isdigit() for each in numbers) else ()


def is_import_answer(content: Any) -> bool:
    """Whether the body is what Kibana answers to an import."""
    return isinstance(content, Mapping) and isinstance(content.get("success"), bool) and isinstance(content.get("successCount"), int)


def import_changes(objects: Sequence[Json], answer: Json) -> list[Change]:
    """What the answer says of each object that was sent, in their order; an object of which it says nothing has failed."""
    taken = {(each.get("type"), each.get("id")): each for each in _listed(answer.get("successResults"))}
    refused = {(each.get("type"), each.get("id")): each for each in _listed(answer.get("errors"))}
    return [_imported(each, taken.get((each["type"], each["id"])), refused.get((each["type"], each["id"]))) for each in objects]


def _imported(sent: Json, taken: Json | None, refused: Json | None) -> Change:
    kind, id, name = KINDS[sent["type"]], sent["id"], sent["attributes"].get("name") or sent["attributes"]["title"]
    if refused is not None:
        problem, fix = _explained(refused.get("error"))
        return Change(kind, id, name, "failed", problem, fix)
    if taken is None:
        return Change(
            kind,
            id,
            name,
            "failed",
            "Kibana's answer does not mention it",
            "look into Kibana's log, and whether a proxy changes the request",
        )
    change = "replaced" if taken.get("overwrite") else "created"
    if taken.get("destinationId"):
        return Change(kind, str(taken["destinationId"]), name, change)
    return Change(kind, id, name, change)


def _explained(error: Any) -> tuple[str, str]:
    """What is wrong and what to do, for one entry of `errors`."""
    said = error if isinstance(error, Mapping) else {}
    type = said.get("type")
    if type == "missing_references":
        named = ", ".join(
            f"{KINDS.get(str(each.get('type')), each.get('type'))} {each.get('id')}" for each in _listed(said.get("references"))
        )
        return (
            f"what it refers to is not there: {named}",
            "mend the errors of those first, then run it again; export and apply send them along",
        )
    if type == "conflict":
        other = f" ({said['destinationId']})" if said.get("destinationId") else ""
        return f"another object of this id is there{other}", "delete that one in Stack Management, Saved Objects, then run it again"
    if type == "ambiguous_conflict":
        named = ", ".join(str(each.get("id")) for each in _listed(said.get("destinations")))
        return (
            f"several objects descend from it: {named}",
            "delete all of them but one in Stack Management, Saved Objects, then run it again",
        )
    if type == "unsupported_type":
        return "this Kibana knows no such objects", "use Kibana 8.8 or later with its own features switched on"
    message = str(said.get("message") or type or "no reason given")[:500]
    return message, "look into Kibana's log at this minute"


def warnings(answer: Json) -> list[str]:
    """What Kibana remarks on an import that it took."""
    return [str(each.get("message", ""))[:500] for each in _listed(answer.get("warnings")) if each.get("message")]


def other_errors(objects: Sequence[Json], answer: Json) -> list[str]:
    """What the answer refuses of objects that were not sent: an older one may stand in the way."""
    sent = {(each["type"], each["id"]) for each in objects}
    return [
        f"Kibana names another object, {each.get('type')} {each.get('id')}: {_explained(each.get('error'))[0]}"[:500]
        for each in _listed(answer.get("errors"))
        if (each.get("type"), each.get("id")) not in sent
    ]


def is_of(content: Any, id: str) -> bool:
    """Whether the body of an answer is the rule or connector of this id: a status of 200 alone says nothing."""
    return isinstance(content, Mapping) and content.get("id") == id


def planned(objects: Sequence[Json], status: int, content: Any) -> list[Change] | None:
    """What an import would do, by the answer to an export of the same objects: 200 when all are there, 400 with those that are not. None when it says neither."""
    missing: dict[tuple[Any, Any], Json] = {}
    if status == 400:
        attributes = content.get("attributes") if isinstance(content, Mapping) else None
        listed = list(_listed(attributes.get("objects"))) if isinstance(attributes, Mapping) else []
        if not listed:
            return None
        missing = {(each.get("type"), each.get("id")): each for each in listed}
    elif status != 200:
        return None
    return [_plan(each, missing.get((each["type"], each["id"]))) for each in objects]


def _plan(sent: Json, absent: Json | None) -> Change:
    kind, id, name = KINDS[sent["type"]], sent["id"], sent["attributes"].get("name") or sent["attributes"]["title"]
    if absent is None:
        return Change(kind, id, name, "replaced")
    error = absent.get("error")
    said = error if isinstance(error, Mapping) else {}
    if said.get("statusCode") == 404:
        return Change(kind, id, name, "created")
    return Change(
        kind, id, name, "failed", str(said.get("message") or "it cannot be read")[:500], "give the user or key the right to read it"
    )


def covers(found: Any, wanted: Any) -> bool:
    """Whether `found` says all that `wanted` says. Kibana adds defaults and names of its own to what it was sent."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(name in found and covers(found[name], value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(covers, found, wanted))
    return bool(found == wanted)


def _listed(value: Any) -> Iterator[Json]:
    yield from (each for each in value if isinstance(each, Mapping)) if isinstance(value, list) else ()

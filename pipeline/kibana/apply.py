"""Bring a Kibana to the state of the source, or say what would change.

Data views, searches and dashboards are imported over what is there, so changes that people made to these very objects are lost: who wants to change one
saves it under another name. Rules and connectors are compared first: whoever last wrote a rule is the one with whose rights it runs, so an
unchanged one is left alone, and whether it is switched on stays as people left it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from pipeline.errors import LagebildError
from pipeline.kibana import objects, reading
from pipeline.kibana.alerting import OWN_TAG, Posted, own_tag, wanted
from pipeline.kibana.check import problems
from pipeline.kibana.check_rules import rule_problems
from pipeline.kibana.connection import Denied, Kibana, Refused
from pipeline.kibana.fields import by_index
from pipeline.kibana.report import Change, Report
from pipeline.settings import Settings

_EXPORTED = "/api/saved_objects/_export"
_IMPORTED = "/api/saved_objects/_import?overwrite=true"
_LISTED = 100
_LOOK = "look into Kibana's log at this minute, and whether a proxy changes the answer"


def checked_objects(settings: Settings) -> list[dict[str, Any]]:
    """Every saved object. Raises LagebildError when the check of `check.py` finds a fault: then nothing must be sent."""
    made = objects.saved_objects(settings)
    known = by_index(settings)
    if found := [*problems(objects.ndjson(made), known), *rule_problems(wanted(settings), known)]:
        raise LagebildError("these objects must not be sent to a Kibana; this is a defect of Lagebild:\n" + "\n".join(found))
    return made


def apply(settings: Settings, report: Report, dry_run: bool = False) -> None:
    """Fill `report`; change nothing with `dry_run`. Raises Denied, Refused, Unreachable or BadConfiguration when it cannot go on."""
    made = checked_objects(settings)
    kibana = Kibana(settings)
    report.kibana, report.space, report.dry_run = kibana.shown, kibana.space or "default", dry_run
    _look(kibana, report)
    if dry_run:
        _plan_objects(kibana, made, report)
    else:
        _import(kibana, made, report)
    if rules := wanted(settings):
        _alerting(kibana, rules, dry_run, report)
    else:
        report.cautions.append("kibana.keywords and kibana.severities are empty: there are no alert rules to make")
    if not settings.kibana.keywords and rules:
        report.cautions.append("kibana.keywords is empty: no rule of Kibana watches for words")
    _report_left_over(kibana, settings, rules, report)


def _look(kibana: Kibana, report: Report) -> None:
    """Whether it is a Kibana, new enough, and has the space."""
    reply = kibana.get("/api/status", in_space=False)
    if reply.status != 200 or not isinstance(reply.content, dict) or not {"status", "version"} & reply.content.keys():
        raise Refused(
            f"what answers at {kibana.shown} is no Kibana (status {reply.status}: {reply.reason}): set kibana.url to Kibana's address with its base "
            "path, not to Elasticsearch (9200) or a page before the login"
        )
    report.version = reading.version_of(reply.content)
    if problem := reading.version_problem(report.version):
        raise Refused(f"Kibana at {kibana.shown}: {problem}")
    if caution := reading.version_caution(report.version):
        report.cautions.append(f"Kibana at {kibana.shown}: {caution}")
    if kibana.space:
        found = kibana.get(f"/api/spaces/space/{quote(kibana.space, safe='')}", in_space=False)
        if found.status != 200:
            raise Refused(
                f"Kibana at {kibana.shown} has no space {kibana.space!r} (status {found.status}: {found.reason}): create it in Stack Management, "
                "Spaces, or set kibana.space"
            )


def _plan_objects(kibana: Kibana, made: Sequence[dict[str, Any]], report: Report) -> None:
    named = [{"type": each["type"], "id": each["id"]} for each in made]
    reply = kibana.ask("POST", _EXPORTED, {"objects": named, "includeReferencesDeep": False, "excludeExportDetails": True})
    found = reading.planned(made, reply.status, reply.content)
    if found is None:
        raise Refused(f"Kibana at {kibana.shown} does not say which objects it has (status {reply.status}: {reply.reason})")
    report.changes += found


def _import(kibana: Kibana, made: Sequence[dict[str, Any]], report: Report) -> None:
    reply = kibana.upload(_IMPORTED, "lagebild.ndjson", objects.ndjson(made))
    if reply.status != 200 or not reading.is_import_answer(reply.content):
        raise Refused(f"Kibana at {kibana.shown} did not import anything (status {reply.status}: {reply.reason})")
    report.changes += reading.import_changes(made, reply.content)
    report.cautions += [*reading.warnings(reply.content), *reading.other_errors(made, reply.content)]
    if not reply.content["success"] and not report.failed:
        raise Refused(f"Kibana at {kibana.shown} says that the import failed, and names no object: look into its log at this minute")


def _alerting(kibana: Kibana, posted: Sequence[Posted], dry_run: bool, report: Report) -> None:
    """Connectors and rules, one by one: what one of them meets does not keep the others from being made."""
    if hindrance := _hindrance(kibana, report):
        report.changes += [Change(each.kind, each.id, each.name, "failed", *hindrance) for each in posted]
        return
    for each in posted:
        try:
            report.changes.append(_brought(kibana, each, dry_run))
        except Denied as error:
            report.changes.append(Change(each.kind, each.id, each.name, "failed", error.what, error.fix))
        except Refused as error:
            report.changes.append(Change(each.kind, each.id, each.name, "failed", str(error), ""))


def _hindrance(kibana: Kibana, report: Report) -> tuple[str, str] | None:
    """Why this Kibana can keep no rules at all, and what to do; None when it can."""
    try:
        health = kibana.get("/api/alerting/_health").content
    except Denied as error:
        return error.what, error.fix
    except Refused as error:
        return str(error), ""
    told = health if isinstance(health, dict) else {}
    if told.get("has_permanent_encryption_key") is False:
        return (
            "this Kibana has no lasting encryption key, so it cannot keep rules",
            "set xpack.encryptedSavedObjects.encryptionKey (32 characters or more) in kibana.yml, restart Kibana, then run it again",
        )
    if told.get("is_sufficiently_secure") is False:
        report.cautions.append("Kibana says that its rules need TLS between it and Elasticsearch: set xpack.security.http.ssl there")
    return None


def _brought(kibana: Kibana, each: Posted, dry_run: bool) -> Change:
    found = kibana.get(each.path)
    if found.status == 200 and reading.covers(found.content, _readable(each)):
        return Change(each.kind, each.id, each.name, "unchanged")
    exists = found.status == 200
    if exists and not reading.is_of(found.content, each.id):
        return Change(each.kind, each.id, each.name, "failed", f"Kibana answers 200 without showing it: {found.reason}", _LOOK)
    change = "replaced" if exists else "created"
    if dry_run:
        return Change(each.kind, each.id, each.name, change)
    reply = kibana.ask("PUT", each.path, each.update) if exists else kibana.ask("POST", each.path, each.create)
    if 200 <= reply.status < 300:
        if reading.is_of(reply.content, each.id):
            return Change(each.kind, each.id, each.name, change)
        return Change(each.kind, each.id, each.name, "failed", f"Kibana answers {reply.status} without showing it: {reply.reason}", _LOOK)
    return Change(each.kind, each.id, each.name, "failed", *_why_not(reply.status, reply.reason))


def _readable(each: Posted) -> dict[str, Any]:
    """What an answer shows of it: everything but secrets."""
    return {name: value for name, value in each.update.items() if name != "secrets"}


def _why_not(status: int, reason: str) -> tuple[str, str]:
    if status == 409:
        return f"this id is taken ({reason})", "run it again; if it stays so, another space holds it: delete it there"
    if status == 404:
        return f"this Kibana has no such interface ({reason})", "switch alerting and actions on in kibana.yml"
    return f"Kibana refuses it with {status}: {reason}", "check the licence and Kibana's log"


def _report_left_over(kibana: Kibana, settings: Settings, rules: Sequence[Posted], report: Report) -> None:
    """Rules that an earlier configuration made and this one does not want. Nothing is deleted: somebody may have come to depend on one."""
    wanted_tag = quote(f"alert.attributes.tags:{OWN_TAG}", safe="")
    try:
        reply = kibana.get(f"/api/alerting/rules/_find?per_page={_LISTED}&filter={wanted_tag}")
    except (Denied, Refused) as error:
        report.cautions.append(f"whether earlier rules are left over is not known: {error}")
        return
    listed = reply.content.get("data") if reply.status == 200 and isinstance(reply.content, dict) else None
    ours = {each.id for each in rules}
    for each in _tagged(listed, own_tag(settings)):
        if each.get("id") not in ours:
            fix = "delete it in Stack Management, Rules, or put what it watches back into kibana.keywords or kibana.severities"
            report.changes.append(Change("rule", str(each.get("id")), str(each.get("name")), "left over", "", fix))


def _tagged(listed: Any, tag: str) -> Iterator[dict[str, Any]]:
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("tags"), list) and tag in each["tags"]:
            yield each

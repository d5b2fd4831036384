"""Bring a server's templates, lifecycle policies and indices to the state of `templates.py` and `lifecycle.py`, or say what would change.

Templates and policies are replaced when they differ. Existing indices get the fields they lack; a field that is mapped otherwise there cannot be
changed in place, so it is reported: the index serves on as it is, and `lagebild index rebuild` into fresh indices settles it. A policy of that name without our mark
(`_meta.managed_by`) is a team's own and stays as it is.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from pipeline.errors import Transient
from pipeline.index import analysis, lifecycle, templates
from pipeline.index.abilities import Abilities, abilities
from pipeline.search import Server
from pipeline.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True)
class Change:
    """What `apply` did or would do to one policy, template or index. `diff` is a unified diff from what is there to what is wanted; "" for none."""

    name: str
    kind: str  # "policy", "template", "index"
    change: str  # "created", "replaced", "unchanged", "fields added", "fields differ", "alias added", "lifecycle set", "left alone"
    diff: str = ""


def apply(settings: Settings, dry_run: bool = False) -> list[Change]:
    """Every policy, every template and every existing index of ours with its change; writes nothing with `dry_run`, and changes nothing the second time.

    Raises Transient (not reachable now), Denied or Refused.
    """
    with Server(settings) as server:
        return apply_to(server, settings, dry_run)


def apply_to(server: Server, settings: Settings, dry_run: bool = False, able: Abilities | None = None) -> list[Change]:
    """Like `apply`, over a connection that the caller keeps open. `able` is what the server has, when that is known already."""
    able = able or abilities(server)
    policies = lifecycle.policies(settings) if able.has_lifecycle else {}
    wanted = templates.templates(settings, able.analysers, able.has_lifecycle)
    # Policies first: a template that names one which is not there leaves new indices without.
    changes = [_apply_policy(server, name, policy, dry_run) for name, policy in policies.items()]
    changes += [_apply_template(server, name, body, dry_run) for name, body in wanted.items()]
    for name, body in wanted.items():
        for index, found in sorted(indices(server, body["index_patterns"][0]).items()):
            changes.append(_apply_index(server, index, found, body["template"], name if name in policies else "", dry_run))
    return changes


class NewIndices:
    """Looks after indices that came into being with their first document: a month's end can only be set on an index that is there."""

    def __init__(self, server: Server, settings: Settings) -> None:
        self._server, self._settings = server, settings
        self._seen: set[str] = set()

    def written(self, names: set[str]) -> None:
        """Apply everything once when `names` has an index that was not seen before; when the server is away, at the next call. Raises Denied or Refused."""
        if names <= self._seen:
            return
        try:
            tell(apply_to(self._server, self._settings))
        except Transient as error:
            log.info("new indices are looked after with the next batch", why=str(error)[:300])
        else:
            self._seen |= names


def tell(changes: Iterable[Change]) -> None:
    """Log what was changed: for processes, which have no table to show."""
    for each in changes:
        if each.change != "unchanged":
            log.info("index apply", name=each.name, kind=each.kind, change=each.change)


def indices(server: Server, pattern: str) -> dict[str, Mapping[str, Any]]:
    """The existing indices whose name fits, with their aliases, mappings and settings."""
    lenient = {"expand_wildcards": "open", "allow_no_indices": "true", "ignore_unavailable": "true"}
    found = server.found(f"/{pattern}", {**lenient, "features": "aliases,mappings,settings"})
    return dict(found or {})


def _apply_template(server: Server, name: str, wanted: Mapping[str, Any], dry_run: bool) -> Change:
    answer = server.found(f"/_index_template/{name}")
    found = _ours(answer["index_templates"][0]["index_template"], wanted) if answer else None
    diff = difference(name, found, wanted)
    if not diff:
        return Change(name, "template", "unchanged")
    if not dry_run:
        server.request("PUT", f"/_index_template/{name}", wanted)
    return Change(name, "template", "created" if found is None else "replaced", diff)


def _apply_policy(server: Server, name: str, wanted: Mapping[str, Any], dry_run: bool) -> Change:
    answer = server.found(f"/_ilm/policy/{name}")
    found = _ours(answer[name]["policy"], wanted) if answer else None
    diff = difference(name, found, wanted)
    if not diff:
        return Change(name, "policy", "unchanged")
    if found is not None and found.get("_meta") != wanted["_meta"]:
        return Change(name, "policy", "left alone", diff)
    if not dry_run:
        server.request("PUT", f"/_ilm/policy/{name}", {"policy": wanted})
    return Change(name, "policy", "created" if found is None else "replaced", diff)


def _ours(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What is there without what servers add by themselves, such as dates: newer ones add more."""
    return {name: value for name, value in found.items() if name in wanted}


def _apply_index(server: Server, name: str, found: Mapping[str, Any], wanted: Mapping[str, Any], policy: str, dry_run: bool) -> Change:
    present = found["mappings"].get("properties", {})
    fields = wanted["mappings"]["properties"]
    added = suited(lacking(present, fields), found["settings"])
    aliases = wanted["aliases"].keys() - found["aliases"].keys()
    dated = lifecycle.lacking(name, policy, found["settings"]) if policy else {}
    if not dry_run:
        if added:
            server.request("PUT", f"/{name}/_mapping", {"properties": added})
        for alias in aliases:
            server.request("POST", "/_aliases", {"actions": [{"add": {"index": name, "alias": alias}}]})
        if dated:
            server.request("PUT", f"/{name}/_settings", dated)
    if differing := conflicts(present, fields):
        there, here = ({path: pair[side] for path, pair in differing.items()} for side in (0, 1))
        return Change(name, "index", "fields differ", difference(name, there, here))
    if added:
        return Change(name, "index", "fields added", difference(name, {}, dict(leaves(added))))
    if aliases:
        return Change(name, "index", "alias added", "".join(f"+alias {alias}\n" for alias in sorted(aliases)))
    return Change(name, "index", "lifecycle set" if dated else "unchanged", difference(name, {}, dated) if dated else "")


def suited(fields: Mapping[str, Any], index_settings: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` for an index that exists: it cannot be given an analyser of ours any more, so fields with one that it lacks take `standard`."""
    defined = index_settings.get("index", {}).get("analysis", {}).get("analyzer", {})
    found: dict[str, Any] = {}
    for name, field in fields.items():
        if "properties" in field:
            found[name] = {**field, "properties": suited(field["properties"], index_settings)}
        elif field.get("analyzer") == analysis.GERMAN and analysis.GERMAN not in defined:
            found[name] = {**field, "analyzer": "standard"}
        else:
            found[name] = field
    return found


def lacking(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the field tree `wanted` that `present` does not have."""
    missing: dict[str, Any] = {}
    for name, field in wanted.items():
        if name not in present:
            missing[name] = field
        elif (
            "properties" in field and "properties" in present[name] and (below := lacking(present[name]["properties"], field["properties"]))
        ):
            missing[name] = {"properties": below}
    return missing


def leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of the tree that is not merely an object, with its full name."""
    for name, field in tree.items():
        if "properties" in field:
            yield from leaves(field["properties"], f"{above}{name}.")
        else:
            yield above + name, field


def conflicts(present: Mapping[str, Any], wanted: Mapping[str, Any], above: str = "") -> dict[str, tuple[Any, Any]]:
    """The fields that both have, mapped differently: full name to (present, wanted)."""
    found: dict[str, tuple[Any, Any]] = {}
    for name in wanted.keys() & present.keys():
        there, here = present[name], wanted[name]
        if "properties" in there and "properties" in here:
            found |= conflicts(there["properties"], here["properties"], f"{above}{name}.")
        elif there != here:
            found[above + name] = (there, here)
    return found


def difference(name: str, found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> str:
    """A unified diff of the two as indented JSON with sorted names; "" when they say the same."""
    before, after = (
        json.dumps(each, indent=1, sort_keys=True, ensure_ascii=False).splitlines() if each else [] for each in (found, wanted)
    )
    lines = difflib.unified_diff(before, after, f"{name} (server)", f"{name} (wanted)", lineterm="")
    return "".join(f"{line}\n" for line in lines)

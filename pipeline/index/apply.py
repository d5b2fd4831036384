"""Bring a server's templates and indices to the state of `templates.py`, or say what would change.

Templates are replaced when they differ. Existing indices get the fields they lack; a field that is mapped otherwise there cannot be
changed in place, so it is reported: the index serves on as it is, and `lagebild index rebuild` into fresh indices settles it.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from pipeline.index import mappings, templates
from pipeline.search import Refused, Server
from pipeline.settings import Settings

log = structlog.get_logger()

_NO_ANALYSER = "failed to find"


@dataclass(frozen=True)
class Change:
    """What `apply` did or would do to one template or index. `diff` is a unified diff from what is there to what is wanted; "" for none."""

    name: str
    kind: str  # "template", "index"
    change: str  # "created", "replaced", "unchanged", "fields added", "fields differ", "alias added"
    diff: str = ""


def apply(settings: Settings, dry_run: bool = False) -> list[Change]:
    """Every template and every existing index of ours with its change; writes nothing with `dry_run`, and changes nothing the second time.

    Raises Transient (not reachable now), Denied or Refused.
    """
    with Server(settings) as server:
        return apply_to(server, settings, dry_run)


def apply_to(server: Server, settings: Settings, dry_run: bool = False) -> list[Change]:
    """Like `apply`, over a connection that the caller keeps open."""
    wanted = templates.templates(settings, analysers(server))
    changes = [_apply_template(server, name, body, dry_run) for name, body in wanted.items()]
    for body in wanted.values():
        for index, found in sorted(indices(server, body["index_patterns"][0]).items()):
            changes.append(_apply_index(server, index, found, body["template"], dry_run))
    for change in changes:
        if change.change != "unchanged":
            log.info("index apply", name=change.name, kind=change.kind, change=change.change, dry_run=dry_run)
    return changes


def analysers(server: Server) -> frozenset[str]:
    """The language analysers that this server has: each is asked for, because distributions differ. What is missing is logged."""
    wanted = sorted(set(mappings.ANALYSERS.values()))
    available = frozenset(name for name in wanted if _has_analyser(server, name))
    missing = [name for name in wanted if name not in available]
    if missing:
        log.info(
            "Elasticsearch lacks language analysers; their texts are indexed word by word, without stems",
            missing="all" if not available else ", ".join(missing),
            so="a search for one form of a word finds only that form; news.terms finds the normalised forms",
        )
    return available


def _has_analyser(server: Server, name: str) -> bool:
    try:
        server.request("POST", "/_analyze", {"analyzer": name, "text": ""})
    except Refused as error:
        if error.status == 400 and _NO_ANALYSER in str(error):
            return False
        raise
    return True


def indices(server: Server, pattern: str) -> dict[str, Mapping[str, Any]]:
    """The existing indices whose name fits, with their aliases and mappings."""
    lenient = {"expand_wildcards": "open", "allow_no_indices": "true", "ignore_unavailable": "true"}
    found = server.found(f"/{pattern}", {**lenient, "features": "aliases,mappings"})
    return dict(found or {})


def _apply_template(server: Server, name: str, wanted: Mapping[str, Any], dry_run: bool) -> Change:
    answer = server.found(f"/_index_template/{name}")
    found = answer["index_templates"][0]["index_template"] if answer else None
    diff = difference(name, found, wanted)
    if not diff:
        return Change(name, "template", "unchanged")
    if not dry_run:
        server.request("PUT", f"/_index_template/{name}", wanted)
    return Change(name, "template", "created" if found is None else "replaced", diff)


def _apply_index(server: Server, name: str, found: Mapping[str, Any], wanted: Mapping[str, Any], dry_run: bool) -> Change:
    present = found["mappings"].get("properties", {})
    fields = wanted["mappings"]["properties"]
    added = lacking(present, fields)
    if added and not dry_run:
        server.request("PUT", f"/{name}/_mapping", {"properties": added})
    aliases = wanted["aliases"].keys() - found["aliases"].keys()
    for alias in aliases:
        if not dry_run:
            server.request("POST", "/_aliases", {"actions": [{"add": {"index": name, "alias": alias}}]})
    if differing := conflicts(present, fields):
        there, here = ({path: pair[side] for path, pair in differing.items()} for side in (0, 1))
        return Change(name, "index", "fields differ", difference(name, there, here))
    if added:
        return Change(name, "index", "fields added", difference(name, {}, dict(leaves(added))))
    return Change(name, "index", "alias added" if aliases else "unchanged", "".join(f"+alias {alias}\n" for alias in sorted(aliases)))


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

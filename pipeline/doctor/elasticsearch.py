"""Asks Elasticsearch."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pipeline import search
from pipeline.doctor.facts import ElasticsearchFacts, NodeFacts
from pipeline.errors import Unreachable
from pipeline.index import analysis, mappings
from pipeline.index.abilities import abilities
from pipeline.index.apply import apply_to
from pipeline.privileges import OPERATOR
from pipeline.settings import Settings

_DISK = "cluster.routing.allocation.disk"
_STAGES = ("low", "high", "flood_stage")
# Rights on the cluster and on our indices by role, as in deploy/elasticsearch-roles.yml; the other roles only read.
_RIGHTS = {
    OPERATOR: (("monitor", "manage_index_templates"), ("manage", "read", "write")),
    "indexer": (("monitor",), ("create_index", "index", "read", "view_index_metadata")),
}
_READING = ((), ("read", "view_index_metadata"))


def ask_elasticsearch(settings: Settings, role: str) -> ElasticsearchFacts:
    """What Elasticsearch shows of itself. Raises Transient, Denied or Refused, and Unreachable when it has no primary shards at all."""
    with search.Server(settings, request_seconds=10.0) as server:
        health = server.request("GET", "/_cluster/health")
        if not isinstance(health, Mapping) or "status" not in health:
            raise Unreachable(f"{server.url} does not answer as an Elasticsearch does", "set elasticsearch.url to one")
        able = abilities(server)
        disk = _disk_settings(server)
        drift = {f"{each.kind} {each.name}": each.change for each in apply_to(server, settings, dry_run=True) if each.change != "unchanged"}
        return ElasticsearchFacts(
            status=str(health["status"]),
            nodes=_nodes(server),
            analysers_missing=tuple(sorted({*mappings.ANALYSERS.values(), analysis.GERMAN} - able.analysers)),
            has_ilm=able.has_lifecycle,
            drift=drift,
            watermarks={stage: str(disk.get(f"{_DISK}.watermark.{stage}", "")) for stage in _STAGES},
            thresholds_enabled=str(disk.get(f"{_DISK}.threshold_enabled", "true")).lower() != "false",
            read_only=_read_only(server, settings),
            missing_rights=_missing_rights(server, settings, role),
            certificate_ends_at=search.certificate_ends_at(settings),
        )


def _nodes(server: search.Server) -> tuple[NodeFacts, ...]:
    wanted = "nodes.*.name,nodes.*.version"
    versions = server.request("GET", "/_nodes/os", None, {"filter_path": wanted}).get("nodes", {})
    before = time.time()
    found = server.request("GET", "/_nodes/stats/fs,process").get("nodes", {})
    now_seconds = (before + time.time()) / 2
    return tuple(_node(each, str(versions.get(key, {}).get("version", "")), now_seconds) for key, each in sorted(found.items()))


def _node(stats: Mapping[str, Any], version: str, now_seconds: float) -> NodeFacts:
    total = stats.get("fs", {}).get("total", {})
    return NodeFacts(
        name=str(stats.get("name", "")),
        version=version,
        disk_bytes=int(total.get("total_in_bytes", 0)),
        free_bytes=int(total.get("available_in_bytes", 0)),
        skew_seconds=float(stats["timestamp"]) / 1000 - now_seconds if "timestamp" in stats else 0.0,
        open_file_limit=int(stats.get("process", {}).get("max_file_descriptors", 0)),
        for_trying=str(stats.get("transport_address", "")).startswith(("127.", "[::1]")),
    )


def _disk_settings(server: search.Server) -> dict[str, Any]:
    """The effective settings about disks: what was set at run time wins over files, those over defaults."""
    answer = server.request("GET", "/_cluster/settings", None, {"include_defaults": "true", "flat_settings": "true"})
    found: dict[str, Any] = {}
    for layer in ("defaults", "persistent", "transient"):
        found |= {key: value for key, value in answer.get(layer, {}).items() if key.startswith(_DISK)}
    return found


def _read_only(server: search.Server, settings: Settings) -> tuple[str, ...]:
    """Indices of ours that take no documents."""
    pattern = settings.index("news-*")
    answer = server.found(f"/{pattern}/_settings", {"flat_settings": "true", "allow_no_indices": "true"}) or {}
    blocks = ("index.blocks.read_only_allow_delete", "index.blocks.read_only", "index.blocks.write")
    return tuple(
        sorted(name for name, each in answer.items() if any(str(each.get("settings", {}).get(block)).lower() == "true" for block in blocks))
    )


def _missing_rights(server: search.Server, settings: Settings, role: str) -> str:
    """Rights that the user lacks for `role`; nothing when nobody signs in."""
    if not search.signs_in(settings):
        return ""
    indices = settings.index("news-*")
    on_cluster, on_indices = _RIGHTS.get(role, _READING)
    asked = {"cluster": list(on_cluster), "index": [{"names": [indices], "privileges": list(on_indices)}]}
    answer = server.request("POST", "/_security/user/_has_privileges", asked)
    cluster = [f"{name} on the cluster" for name, has in answer.get("cluster", {}).items() if not has]
    index = [f"{name} on {indices}" for name, has in answer.get("index", {}).get(indices, {}).items() if not has]
    return "; ".join([*sorted(cluster), *sorted(index)])

"""Which fields our index templates have: what Kibana may ask for. Pure, from `pipeline.index.templates`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.index.templates import templates
from pipeline.settings import Settings

# Field name to its Elasticsearch type.
Fields = Mapping[str, str]


def by_index(settings: Settings) -> dict[str, Fields]:
    """For each index or alias that people read, by its real name: its fields with their types, multi-fields (`news.title.raw`) among them.

    What is kept and not indexed (`enabled: false`) is no field.
    """
    return {name: dict(_leaves(body["template"]["mappings"]["properties"])) for name, body in templates(settings, ()).items()}


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, mapping in tree.items():
        if "properties" in mapping:
            yield from _leaves(mapping["properties"], f"{above}{name}.")
        elif mapping.get("enabled", True):
            yield above + name, mapping["type"]
            for beside, further in mapping.get("fields", {}).items():
                yield f"{above}{name}.{beside}", further["type"]

"""The fields of our indices as the table that README holds: `python -m pipeline.index.field_list` writes it, and a test compares them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.index.mappings import ANALYSERS
from pipeline.index.mappings import Mapping as Tree
from pipeline.index.templates import templates
from pipeline.settings import Settings

BEGIN, END = "<!-- fields:begin -->", "<!-- fields:end -->"
_LANGUAGES = "<language>"
# Parent, name, type.
_Field = tuple[str, str, str]


def field_table() -> str:
    """One row for each object, as Markdown, with the indices that have it."""
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    indices = templates(Settings(), ())
    for index, body in indices.items():
        for row in _objects(body["template"]["mappings"]["properties"]):
            holders[row].append(f"`{index}`")
    lines = ["| index | object | fields |", "|---|---|---|"]
    for (parent, fields), names in sorted(holders.items(), key=lambda each: len(each[1]) < len(indices)):
        lines.append(f"| {'all' if len(names) == len(indices) else ', '.join(names)} | {parent} | {fields} |")
    return "\n".join(lines) + "\n"


def _objects(properties: Tree) -> Iterator[tuple[str, str]]:
    """Each object with its fields by type, in the order of the mapping."""
    by_parent: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for parent, name, kind in _leaves(properties):
        if name not in by_parent[parent][kind]:
            by_parent[parent][kind].append(name)
    for parent, by_type in by_parent.items():
        yield (
            f"`{parent}`" if parent else "",
            "; ".join(f"{kind}: {' '.join(f'`{name}`' for name in names)}" for kind, names in by_type.items()),
        )


def _leaves(properties: Mapping[str, Tree], parent: str = "") -> Iterator[_Field]:
    for name, mapping in properties.items():
        path = f"{parent}.{name}" if parent else name
        if "properties" in mapping:
            nested = " (nested)" if mapping.get("type") == "nested" else ""
            yield from _leaves(mapping["properties"], path + nested)
        elif not mapping.get("enabled", True):
            yield parent, name, "kept, not searched"
        else:
            yield parent, _LANGUAGES if parent.endswith("_by_language") and name in ANALYSERS else name, mapping["type"]
            yield from ((parent, f"{name}.{beside}", further["type"]) for beside, further in mapping.get("fields", {}).items())


if __name__ == "__main__":
    import re

    readme = Path(__file__).parents[2] / "README.md"
    block = f"{BEGIN}\n{field_table()}{END}"
    written = re.sub(f"{BEGIN}.*{END}", lambda _: block, readme.read_text(encoding="utf-8"), flags=re.DOTALL)
    readme.write_text(written, encoding="utf-8")

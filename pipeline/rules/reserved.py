"""Keys of the topic `rules` that are no rules: no rule can have such an id."""

from __future__ import annotations

MANIFEST = "manifest"
ROUTING = "routing"
RESERVED = (MANIFEST, ROUTING)

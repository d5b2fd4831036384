"""Feeds: RSS, Atom and JSON feeds as items, and which of them are new."""

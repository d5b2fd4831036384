"""A configuration file with sources added or changed, its comments kept. The new text is loaded before it takes the old one's place."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from pipeline import settings
from pipeline.errors import LagebildError


class CannotAmend(LagebildError):
    """The file cannot be changed in this way; the message says why."""


def add_sources(path: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Add these entries at the end of `sources:`. Raises CannotAmend, or BadConfiguration when the result would not load: then the file is as it was."""

    def change(data: CommentedMap) -> None:
        listed = data.get("sources")
        if not isinstance(listed, list):
            listed = data["sources"] = CommentedSeq()
        if not listed and isinstance(listed, CommentedSeq):
            listed.fa.set_block_style()
        listed.extend(_entry(each) for each in entries)

    _amend(path, change)


def set_paused(path: Path, source_id: str, *, paused: bool) -> bool:
    """Whether the source's `paused` had to be changed. Raises as `add_sources` does, and CannotAmend when the file has no such source."""
    changed = []

    def change(data: CommentedMap) -> None:
        entry = next((each for each in data.get("sources") or [] if isinstance(each, dict) and each.get("id") == source_id), None)
        if entry is None:
            raise CannotAmend(f"{path} has no source {source_id!r}")
        if bool(entry.get("paused", False)) != paused:
            changed.append(source_id)
            entry["paused"] = paused

    _amend(path, change)
    return bool(changed)


def _entry(each: Mapping[str, Any]) -> CommentedMap:
    made = CommentedMap(each)
    if isinstance(options := each.get("options"), dict):
        made["options"] = CommentedMap(options)
        made["options"].fa.set_flow_style()
    return made


def _amend(path: Path, change: Callable[[CommentedMap], None]) -> None:
    settings.load(path)  # a file with a mistake is mended by its author first
    yaml = YAML(typ="rt", pure=True)
    yaml.width, yaml.preserve_quotes, yaml.allow_unicode = 10_000, True, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        data = yaml.load(path.read_text(encoding="utf-8"))
        data = CommentedMap() if data is None else data
        change(data)
        text = io.StringIO()
        yaml.dump(data, text)
    except YAMLError as error:
        raise CannotAmend(f"{path} cannot be changed while its comments are kept: {error}"[:300]) from error
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text.getvalue(), encoding="utf-8")
        settings.load(beside)
        os.chmod(beside, path.stat().st_mode & 0o777)
        os.replace(beside, path)
    except OSError as error:
        raise CannotAmend(f"{path} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)

"""The file of a rule, to be changed on the page: found, read, and written in one step."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from pipeline import whole_file
from pipeline.console.asked import Fault
from pipeline.enriching import Recogniser
from pipeline.rules import built_in
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.load import load_folder, load_text
from pipeline.rules.model import TermSet
from pipeline.settings import Settings

_ID = re.compile(r"[a-z0-9-]{3,64}")


@dataclass(frozen=True)
class RuleFile:
    """A rule's file as it stands now. `digest` tells whether somebody changed it meanwhile."""

    path: Path
    text: str
    digest: str
    sets: dict[str, TermSet] | None
    recogniser: Recogniser


def rule_file(settings: Settings, rule_id: str) -> RuleFile:
    """The file of the rule. Raises Fault when this page cannot find or change it."""
    folder = settings.rules_folder
    if not _ID.fullmatch(rule_id):
        raise Fault(409, "no_rule_file", f"there is no file for a rule {rule_id[:64]!r}")
    paths = [path for suffix in (".yml", ".yaml") for path in folder.rglob(rule_id + suffix)] if folder.is_dir() else []
    if not paths and rule_id in built_in.NAMES:
        raise Fault(
            409, "no_rule_file", f"the rule {rule_id} came with Lagebild: put a file {rule_id}.yaml into {folder}, which takes its place"
        )
    if len(paths) != 1:
        raise Fault(409, "no_rule_file", f"there is no one file of the rule {rule_id} in {folder}: change it where the rules are kept")
    try:
        text = paths[0].read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(409, "no_rule_file", f"{paths[0]} cannot be read: {error}") from None
    if not os.access(paths[0].parent, os.W_OK):
        raise Fault(409, "rules_folder", f"{paths[0].parent} cannot be written by this page")
    recogniser = Recogniser(settings)
    sets = dict(load_folder(folder, recogniser=recogniser).sets) if "set" in text else None
    return RuleFile(paths[0], text, hashlib.sha256(text.encode()).hexdigest(), sets, recogniser)


def rule_in(file: RuleFile, text: str) -> CompiledRule:
    """The rule that `text` would be in the place of the file's. Raises Fault with the first problem."""
    rule, problems = load_text(text, file.path.name, file.sets, file.recogniser)
    if rule is None:
        raise Fault(409, "rule_faulty", str(problems[0]))
    return rule


def rewrite(file: RuleFile, text: str) -> None:
    """Put `text` in the place of the file's, in one step. Raises Fault, and then nothing is changed."""
    try:
        whole_file.put(file.path, text.encode())
    except OSError as error:
        raise Fault(409, "rules_folder", f"{file.path} cannot be written: {error.strerror}") from None

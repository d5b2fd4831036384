"""One episode as evidence: the texts as they were known, with their hashes, the rule as it was written, who was told, what was decided. Pure.

The same records make the same archive, byte for byte: no time of export, files in one order with one date, nothing compressed (what a compressor
makes depends on its version). `SHA256SUMS` is read by `sha256sum -c`; `manifest.json` holds every hash, and for each revision whether what was
noted when it was collected agrees with what is there now.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from pipeline.article import FIELDS, Article
from pipeline.episode import Audit, Episode, Notification, Silence
from pipeline.inquiry.words import stamp, told_words
from pipeline.rules.versions import RuleVersion
from pipeline.stages.identify import hash_of
from pipeline.text.tokens import analyse

SCHEMA = "lagebild.evidence/1"
# The first instant that a zip archive can say.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DECIDING = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True)
class Found:
    """What is known of the episode. `revisions` are those in the topic `evidence` of its articles, each with its position there."""

    episode: Episode
    revisions: Sequence[tuple[str, Article]] = ()
    notifications: Sequence[Notification] = ()
    audit: Sequence[Audit] = ()
    silences: Sequence[Silence] = ()
    versions: Sequence[RuleVersion] = ()


@dataclass(frozen=True)
class Bundle:
    """The files by path, in order, and what does not agree or is missing: nothing when the evidence is complete."""

    files: Mapping[str, bytes]
    faults: tuple[str, ...]


def bundle(found: Found) -> Bundle:
    """The files of the archive, with the manifest and the sums last."""
    files: dict[str, bytes] = {}
    faults: list[str] = []
    described = [_put_revision(files, position, each, found.episode.rule_id, faults) for position, each in _matched(found)]
    rules = _put_rules(files, found, faults)
    present = {each["article_id"] for each in described}
    for member in found.episode.members:
        if member.article_id not in present:
            faults.append(f"no matched revision of the article {member.article_id} ({member.source_name}) is in the topic evidence")
    files["episode.json"] = _json(found.episode)
    files["deliveries.json"] = _json(list(found.notifications))
    files["decisions.json"] = _json(list(found.audit))
    files["silences.json"] = _json(list(found.silences))
    files["timeline.txt"] = _timeline(found).encode()
    files["README.txt"] = _README.encode()
    listed = [{"path": path, "bytes": len(files[path]), "sha256": _sha256(files[path])} for path in sorted(files)]
    manifest = {
        "schema": SCHEMA,
        "episode": found.episode.id,
        "rule": found.episode.rule_id,
        "headline": found.episode.message.headline,
        "revisions": described,
        "rule_versions": rules,
        "faults": faults,
        "files": listed,
    }
    files["manifest.json"] = _json(manifest)
    sums = "".join(f"{_sha256(files[path])}  {path}\n" for path in sorted(files))
    return Bundle({**{path: files[path] for path in sorted(files)}, "SHA256SUMS": sums.encode()}, tuple(faults))


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip archive: the same bytes for the same files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path, _ZIP_DATE)
            entry.create_system = 3  # Unix, whatever the machine is
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[path])
    return target.getvalue()


def _matched(found: Found) -> list[tuple[str, Article]]:
    """The revisions that the episode's rule matched, each once, in the order in which they were known."""
    rule_id = found.episode.rule_id
    by_revision = {
        (each.id, each.revision, each.generation): (position, each)
        for position, each in found.revisions
        if any(match.rule_id == rule_id for match in each.matches)
    }
    return [by_revision[key] for key in sorted(by_revision)]


def _put_revision(files: dict[str, bytes], position: str, article: Article, rule_id: str, faults: list[str]) -> dict[str, Any]:
    folder = f"articles/{_path_part(article.id)}/revision-{article.revision}"
    if article.generation:
        folder += f"-generation-{article.generation}"
    texts = {field: getattr(article, field).encode("utf-8", "surrogatepass") for field in FIELDS}
    for field, text in texts.items():
        if text:
            files[f"{folder}/{field}.txt"] = text
    if article.original:
        files[f"{folder}/original.bin"] = article.original
    plain = msgspec.to_builtins(msgspec.structs.replace(article, original=b"", signature=None))
    files[f"{folder}/article.json"] = _json(plain)
    checks = {
        "original": _agreement(article.original_sha256, _sha256(article.original) if article.original else ""),
        "text": _agreement(article.content_hash, hash_of(article, {field: analyse(getattr(article, field)) for field in FIELDS})),
        "marked_words": _marked(article, rule_id),
    }
    what = {"original": "the original bytes", "text": "the text", "marked_words": "a marked word"}
    faults += [
        f"{folder}: {what[name]} {'is' if name == 'marked_words' else 'are' if name == 'original' else 'is'} not as noted"
        for name, said in checks.items()
        if said == "differs"
    ]
    return {
        "folder": folder,
        "article_id": article.id,
        "revision": article.revision,
        "url": article.url,
        "source": article.source.id,
        "first_seen_at": article.first_seen_at,
        "enriched_at": article.clock.enriched_at,
        "collected_at": str(article.position),
        "evidence_at": position,
        "sha256": {field: _sha256(text) for field, text in texts.items() if text},
        "original_sha256": article.original_sha256,
        "checks": checks,
        "rule_versions": sorted({match.rule_version for match in article.matches if match.rule_id == rule_id}),
    }


def _agreement(noted: str, found: str) -> str:
    """Whether what was noted is what is found: "same", "differs", "nothing noted" or "not kept"."""
    if not noted:
        return "nothing noted"
    return "not kept" if not found else "same" if noted == found else "differs"


def _marked(article: Article, rule_id: str) -> str:
    hits = [hit for match in article.matches if match.rule_id == rule_id for hit in match.hits]
    if not hits:
        return "nothing noted"
    return "same" if all(getattr(article, hit.field)[hit.start : hit.end] == hit.surface for hit in hits) else "differs"


def _put_rules(files: dict[str, bytes], found: Found, faults: list[str]) -> list[dict[str, Any]]:
    """The files of every version of the rule that matched here."""
    rule_id = found.episode.rule_id
    wanted = {match.rule_version for _, each in found.revisions for match in each.matches if match.rule_id == rule_id}
    wanted |= {found.episode.rule_version} - {""}
    described: list[dict[str, Any]] = []
    known = {each.version: each for each in found.versions if each.rule_id == rule_id}
    for version in sorted(wanted):
        each = known.get(version)
        if each is None:
            faults.append(f"the version {version} of the rule {rule_id} is not in the topic rules.versions")
            described.append({"version": version, "path": "", "at": None, "by": ""})
            continue
        path = f"rules/{_path_part(rule_id)}-{_path_part(version)}.yaml"
        files[path] = each.text.encode()
        described.append({"version": version, "path": path, "at": each.at, "by": each.by})
    return described


def _timeline(found: Found) -> str:
    """What was known when, and what was done, one line each in the order of time; all in UTC."""
    episode = found.episode
    silences = {each.id: each for each in found.silences}
    lines: list[tuple[datetime, str]] = [(episode.opened_at, f"episode opened by the rule {episode.rule_id}")]
    lines += [(each.at, f"{each.role}: {each.source_name}: {each.title} {each.url}") for each in episode.members]
    lines += [(each.clock.enriched_at, _matched_words(each, episode.rule_id)) for _, each in _matched(found) if each.clock.enriched_at]
    lines += [(each.sent_at or each.created_at, f"told {told_words(each, silences)}") for each in found.notifications]
    lines += [(each.at, f"{each.command.by}: {each.command.kind}: {each.outcome}") for each in found.audit]
    lines += [(each.at, f"note of {each.by}: {each.text}") for each in episode.notes]
    return "".join(f"{stamp(at)}  {' '.join(text.split())}\n" for at, text in sorted(lines))


def _matched_words(article: Article, rule_id: str) -> str:
    surfaces = {hit.surface for match in article.matches if match.rule_id == rule_id for hit in match.hits}
    return f"matched revision {article.revision} of {article.id} ({article.source.id}) by {', '.join(sorted(surfaces))}"


def _path_part(name: str) -> str:
    """The name where it can stand in a path on every system, else a hash of it."""
    return name if _PLAIN.fullmatch(name) else f"sha256-{_sha256(name.encode('utf-8', 'surrogatepass'))[:32]}"


def _json(value: Any) -> bytes:
    return msgspec.json.format(_DECIDING.encode(value), indent=1) + b"\n"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def article_ids(episode: Episode) -> frozenset[str]:
    """The articles of the episode, as far as it remembers them."""
    return frozenset(each.article_id for each in episode.members)


def about(silences: Iterable[Silence], episode: Episode, notifications: Iterable[Notification]) -> tuple[Silence, ...]:
    """The silences that held something of the episode back."""
    named = {each.verdict.removeprefix("silence:") for each in notifications if each.verdict.startswith("silence:")}
    return tuple(sorted((each for each in silences if each.id in named or episode.id in each.episodes), key=lambda each: each.id))


_README = """What this archive holds

episode.json      the episode: its articles, its state, its verdict, its notes
timeline.txt      what was known when, and what was done, in UTC
articles/         every revision that the rule matched: the texts people saw, the record, and the original bytes where they were kept
rules/            the rule as it was written, in every version that matched
deliveries.json   every message: to whom, when, in which words, with which result
decisions.json    what people decided, also what was refused
silences.json     the silences that held messages back
manifest.json     all hashes; for each revision whether they agree with what was noted when it came in; what is missing
SHA256SUMS        check it with: sha256sum -c SHA256SUMS

A hash named "text" in the checks is that of the normalised words. It differs as well when the analyser was changed since; the others never do.
"""

"""What a message says, in order and without any markup: lines of runs, each run plain text that may be marked, strong or a link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.rendering.cleaning import Span, links_of, one_line, spans, web_address
from pipeline.rendering.words import Words, words_for

Role = Literal["why", "note", "headline", "snippet", "text", "lead", "about", "heading", "entry", "link", "ids"]

_SUBJECT_CHARACTERS = 250
_LINK_ORDER = ("story", "episode", "acknowledge", "silence", "runbook", "kibana")
# What a rule's `include` calls these links.
_LINK_INCLUDES = {"story": ("story_link", "cluster_link"), "kibana": ("kibana_link",)}
# What a message holds when its rule says nothing.
_INCLUDED = ("snippet", "matched_terms", "sources", "story_link", "kibana_link", "times")


@dataclass(frozen=True)
class Run:
    """A piece of a line, of one clean line of text. With `url` it is a link."""

    text: str
    strong: bool = False
    marked: bool = False
    url: str = ""


@dataclass(frozen=True)
class Line:
    role: Role
    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


def lines(alert: Mapping[str, Any]) -> tuple[Line, ...]:
    """The message about `alert`, whatever fields it has. Every text of it is clean (`pipeline.rendering.cleaning`), and nothing is escaped yet."""
    words = words_for(alert)
    return tuple(line for line in _all(alert, words) if line.text)


def subject(alert: Mapping[str, Any]) -> str:
    """The message in one line of at most 250 characters: why it rings unless it is a first report, severity, rule and headline."""
    words = words_for(alert)
    severity = words.of(f"severity.{alert.get('severity', '')}")
    about = ": ".join(each for each in (one_line(alert.get("rule_title", "")), _topic(alert)) if each)
    parts = [f"[{severity}]" if severity else "", "" if _why_name(alert) == "first" else f"{_why(alert, words)} –" * bool(about), about]
    found = " ".join(part for part in parts if part) or _why(alert, words)
    return found if len(found) <= _SUBJECT_CHARACTERS else found[: _SUBJECT_CHARACTERS - 1].rstrip() + "…"


def _topic(alert: Mapping[str, Any]) -> str:
    return one_line(alert.get("headline", "")) or one_line(alert.get("text", ""))


def included(alert: Mapping[str, Any], *names: str) -> bool:
    """Whether the rule wants any of `names` in its messages."""
    wanted = alert.get("include") or _INCLUDED
    return any(name in wanted for name in names)


def _all(alert: Mapping[str, Any], words: Words) -> Iterator[Line]:
    severity = words.of(f"severity.{alert.get('severity', '')}")
    head = [_why(alert, words), severity, one_line(alert.get("rule_title", ""))]
    yield Line("why", (Run(" · ".join(each for each in head if each), strong=True),))
    for note in _notes(alert, words):
        yield Line("note", (Run(note),))
    yield Line("headline", _runs(spans(alert.get("headline", ""), alert.get("headline_marks")), strong=True))
    yield Line("text", (Run(one_line(alert.get("text", ""))),))
    yield from _quoted(alert)
    yield from _entries(alert, words)
    for label, value in _about(alert, words):
        yield Line("about", (Run(f"{label}: "), Run(value)) if value else ())
    yield from _links(alert, words)
    ids = (one_line(alert.get("episode_id", "")), one_line(alert.get("notification_id", "")))
    yield Line("ids", (Run(words.of("ids", episode=ids[0] or "–", notification=ids[1] or "–")),) if any(ids) else ())


def _why_name(alert: Mapping[str, Any]) -> str:
    """The name under which `words` has why it rings. A repeat and an escalation have one reason and are two things to people."""
    kind, why = str(alert.get("kind", "")), str(alert.get("why", ""))
    return kind if kind in ("escalation", "repeat", "drill", "heartbeat") else why or kind


def _why(alert: Mapping[str, Any], words: Words) -> str:
    return words.of(f"why.{_why_name(alert)}") or words.of(f"why.{alert.get('kind', '')}") or words.of("why.first")


def _notes(alert: Mapping[str, Any], words: Words) -> Iterator[str]:
    if "drill" in (alert.get("kind"), alert.get("why")):
        yield words.of("note.drill")
    if alert.get("possible_duplicate"):
        yield words.of("note.duplicate")
    if alert.get("late"):
        yield words.of("note.late")
    if alert.get("old"):
        date = words.instant((alert.get("dates") or {}).get("published_at"), day=True)
        yield words.of("note.old", date=date) if date else words.of("note.old_unknown")
    if alert.get("teaser"):
        yield words.of("note.teaser")
    if problem := alert.get("template_problem"):
        yield words.of("note.template", name=one_line(alert.get("template", "")), problem=one_line(problem))
    if alert.get("url_too_long"):
        yield words.of("note.link_too_long")
    news = [one_line(each.get("words", "")) for each in alert.get("new_facts") or () if isinstance(each, Mapping)]
    if news:
        yield f"{words.of('new')}: {', '.join(news)}"


def _quoted(alert: Mapping[str, Any]) -> Iterator[Line]:
    snippet = alert.get("snippet") or {}
    apart = bool(snippet.get("text")) and snippet.get("field") != "title"
    if apart and included(alert, "snippet"):
        runs = _runs(spans(snippet["text"], snippet.get("marks")))
        before, after = (Run("… "),) * bool(snippet.get("before")), (Run(" …"),) * bool(snippet.get("after"))
        yield Line("snippet", (*before, *runs, *after) if runs else ())
    if included(alert, "lead") or not apart:
        yield Line("lead", (Run(one_line(alert.get("lead", ""))),))


def _runs(pieces: tuple[Span, ...], *, strong: bool = False) -> tuple[Run, ...]:
    return tuple(Run(each.text, strong=strong, marked=each.marked) for each in pieces)


def _entries(alert: Mapping[str, Any], words: Words) -> Iterator[Line]:
    listed = [each for each in alert.get("items") or alert.get("held") or () if isinstance(each, Mapping)]
    left_out = alert.get("items_left_out", 0)
    if alert.get("held_back"):
        yield Line("heading", (Run(words.count("held", alert["held_back"])),))
    elif listed:
        yield Line("heading", (Run(words.count("items.digest", len(listed) + left_out)),))
    for each in listed:
        yield Line("entry", tuple(_entry(each, words)))
    if left_out:
        yield Line("entry", (Run(words.of("items.left_out", count=words.number(left_out))),))


def _entry(item: Mapping[str, Any], words: Words) -> Iterator[Run]:
    before = [words.instant(item.get("at")), words.of(f"severity.{item.get('severity', '')}"), one_line(item.get("rule_title", ""))]
    if any(before):
        yield Run(" · ".join(each for each in before if each) + ": ")
    yield Run(one_line(item.get("headline", "")) or one_line(item.get("episode_id", "")), url=web_address(item.get("url", "")))
    extent = _extent(item, words) if item.get("members", 1) != 1 else ""
    after = [one_line(item.get("source", "")), extent, one_line(item.get("note", ""))]
    if any(after):
        yield Run(f" ({', '.join(each for each in after if each)})")


def _about(alert: Mapping[str, Any], words: Words) -> Iterator[tuple[str, str]]:
    title, rule_id = one_line(alert.get("rule_title", "")), one_line(alert.get("rule_id", ""))
    yield words.of("rule"), f"{title} ({rule_id})" if title and rule_id else title or rule_id
    if included(alert, "matched_terms"):
        yield words.of("terms"), ", ".join(_terms(alert, words))
    source = alert.get("source") or {}
    country = one_line(source.get("country", ""))
    yield words.of("source"), one_line(source.get("name", "")) + (f" ({country})" if country else "")
    if included(alert, "times"):
        yield from _times(alert, words)
    if included(alert, "sources"):
        yield words.of("extent"), _extent(alert, words) if alert.get("article_id") or alert.get("members", 1) != 1 else ""
        if first := alert.get("first_source") or {}:
            yield (
                words.of("first_source"),
                ", ".join(each for each in (one_line(first.get("name", "")), words.instant(first.get("at"))) if each),
            )
    if (episodes := alert.get("situation_episodes", 1)) != 1:
        yield words.of("situation"), words.of("situation.episodes", count=words.number(episodes))


def _times(alert: Mapping[str, Any], words: Words) -> Iterator[tuple[str, str]]:
    dates = alert.get("dates") or {}
    if alert.get("source"):
        published = words.instant(dates.get("published_at"), day=dates.get("precision") == "day")
        yield words.of("published"), published or words.of("unknown")
    yield words.of("first_seen"), words.instant(alert.get("first_seen_at"))
    yield words.of("silent_since"), words.instant(alert.get("silent_since"))
    yield words.of("took"), words.duration(alert.get("took_seconds"))


def _extent(counted: Mapping[str, Any], words: Words) -> str:
    members = words.count("articles", counted.get("members", 1))
    return f"{members} {words.count('publishers', counted['sources'])}" if counted.get("sources") else members


def _terms(alert: Mapping[str, Any], words: Words) -> list[str]:
    """Each matched word once, with the rule's term and how the two belong together, where they differ."""
    found: dict[str, None] = {}
    for marks in (alert.get("headline_marks"), (alert.get("snippet") or {}).get("marks")):
        for mark in (each for each in marks if isinstance(each, Mapping)) if isinstance(marks, list | tuple) else ():
            surface, term, mode = (one_line(mark.get(name, "")) for name in ("surface", "term", "mode"))
            how = words.of(f"mode.{mode}") or (mode if mode != "exact" else "")
            because = [term] * (term.casefold() != surface.casefold()) + [how] * bool(how)
            found.setdefault(surface + (f" ({', '.join(because)})" if because else ""))
    return [each for each in found if each]


def _links(alert: Mapping[str, Any], words: Words) -> Iterator[Line]:
    url = web_address(alert.get("url", ""))
    yield Line("link", (Run(words.of("article"), url=url),) if url else ())
    if not url and alert.get("url") and not alert.get("url_too_long"):
        yield Line("about", (Run(f"{words.of('address')}: "), Run(one_line(alert["url"])[:500])))
    own = links_of(alert)
    for name in (*_LINK_ORDER, *(each for each in own if each not in _LINK_ORDER)):
        if name in own and (name not in _LINK_INCLUDES or included(alert, *_LINK_INCLUDES[name])):
            yield Line("link", (Run(words.of(f"link.{name}") or one_line(name), url=own[name]),))

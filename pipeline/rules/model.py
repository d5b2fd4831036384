"""What a rule says: its file as immutable records. All of it survives a round trip through JSON.

What it becomes when it is compiled stands in `compiled`. Every length of time is in seconds, every instant aware UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Status = Literal["live", "shadow", "test", "disabled"]
Severity = Literal["info", "low", "medium", "high", "critical"]
SearchedField = Literal["title", "lead", "body"]
Derivation = Literal["feminine", "adjective", "nominalisation"]
Place = Literal["url", "author", "site", "source", "language", "country", "section", "entity", "story_size", "tier"]

SEARCHED: tuple[SearchedField, ...] = ("title", "lead", "body")
SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high", "critical")
QUIET_AFTER_SECONDS = 24 * 3_600
REOPEN_WITHIN_SECONDS = 72 * 3_600


class Term(msgspec.Struct, frozen=True, gc=False, tag="term", omit_defaults=True):
    """A word; several words are a phrase without gaps.

    `exact`: the spelling as written, letter case included. `inflect` false: as written, in any case. `head` None: as the head of a
    compound when the word has five letters or more. `modifier`: as its first part too. `derive`: opt-in derivations.
    """

    term: str
    exact: bool = False
    inflect: bool = True
    head: bool | None = None
    modifier: bool = False
    derive: tuple[Derivation, ...] = ()


class Phrase(msgspec.Struct, frozen=True, gc=False, tag="phrase", omit_defaults=True):
    """Words in this order within one sentence, with at most `slop` other words between them in all."""

    phrase: str
    slop: int = 0
    inflect: bool = True


class Near(msgspec.Struct, frozen=True, gc=False, tag="near", omit_defaults=True):
    """All of `near` in one sentence (or paragraph), the first word at most `within` words before the last.

    Each is a term, a phrase, a wildcard, or a group that has nothing but `any` of such.
    """

    near: tuple[Clause, ...]
    within: int
    order: Literal["any", "given"] = "any"
    scope: Literal["sentence", "paragraph"] = "sentence"


class Constituents(msgspec.Struct, frozen=True, gc=False, tag="constituents", omit_defaults=True):
    """The parts of a compound near one another in one sentence ("Test einer Rakete" for Raketentest), or the compound itself."""

    constituents: str
    within: int = 5


class Wildcard(msgspec.Struct, frozen=True, gc=False, tag="wildcard"):
    """A word with `*` at its end after three letters or more, or `?` for single letters."""

    wildcard: str


class Regex(msgspec.Struct, frozen=True, gc=False, tag="regex"):
    """An RE2 expression on the folded text of each sentence; it holds at least three literal characters in a row."""

    regex: str


class SetOf(msgspec.Struct, frozen=True, gc=False, tag="set"):
    """Any term of the named term set, in its languages."""

    set: str


class Filter(msgspec.Struct, frozen=True, gc=False, tag="filter", omit_defaults=True):
    """Something about the article besides its words. It holds when one of `values` fits; it is no evidence.

    `url` and `author` hold when they contain the value's words; `story_size` and `tier` compare numbers by `op`.
    """

    place: Place
    values: tuple[str, ...]
    op: Literal["is", "gte", "gt", "lte", "lt"] = "is"


class Within(msgspec.Struct, frozen=True, gc=False, tag="within"):
    """`clause` in these fields only, of those the rule searches."""

    fields: tuple[SearchedField, ...]
    clause: Clause


class Group(msgspec.Struct, frozen=True, gc=False, tag="group", omit_defaults=True):
    """Holds when all of `all`, at least one of `any` (if there are any) and none of `none` hold."""

    any: tuple[Clause, ...] = ()
    all: tuple[Clause, ...] = ()
    none: tuple[Clause, ...] = ()


Clause = Term | Phrase | Near | Constituents | Wildcard | Regex | SetOf | Filter | Within | Group


class Allowed(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A filter: one of `only` (if there are any), and none of `never`."""

    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class Where(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What must hold besides the words.

    Source id, the source's tier, its country (ISO), language code, section, the publisher's host (a host stands for its sub-domains too), entity ids
    or `type:place`, articles in the story so far, and the age of the article by its own date when it was first seen.
    """

    source: Allowed = Allowed()
    tier: tuple[int, ...] = ()
    country: Allowed = Allowed()
    language: Allowed = Allowed()
    section: Allowed = Allowed()
    site: Allowed = Allowed()
    entities: tuple[str, ...] = ()
    all_entities: tuple[str, ...] = ()
    no_entities: tuple[str, ...] = ()
    story_min: int = 0
    story_max: int = 0
    max_age_seconds: int = 0


class Each(msgspec.Struct, frozen=True, gc=False, tag="each"):
    """Every match counts at once."""


class Count(msgspec.Struct, frozen=True, gc=False, tag="count", omit_defaults=True):
    """At least `gte` articles of the group within `over_seconds`, by when they were matched or, with `clock`, published."""

    over_seconds: int
    gte: int
    clock: Literal["received", "published"] = "received"
    lateness_seconds: int = 0


class Distinct(msgspec.Struct, frozen=True, gc=False, tag="distinct", omit_defaults=True):
    """At least `gte` different values of `field` within `over_seconds`: corroboration."""

    field: Literal["source.owner", "source.id", "source.country", "language"]
    over_seconds: int
    gte: int


class Spike(msgspec.Struct, frozen=True, gc=False, tag="spike", omit_defaults=True):
    """In the last `window_seconds` at least `minimum` matches, and `ratio` times the mean of such windows in `baseline_seconds` before."""

    window_seconds: int
    baseline_seconds: int
    ratio: float
    minimum: int = 1


class Flatline(msgspec.Struct, frozen=True, gc=False, tag="flatline", omit_defaults=True):
    """Fewer than `lt` matches within `over_seconds`: somebody is told of silence."""

    over_seconds: int
    lt: int = 1


class FirstSeen(msgspec.Struct, frozen=True, gc=False, tag="first_seen", omit_defaults=True):
    """A value of `field` that this rule has not met within `memory_seconds`."""

    field: Literal["entity", "person", "place", "country", "organisation", "source", "term"]
    memory_seconds: int


class Sequence(msgspec.Struct, frozen=True, gc=False, tag="sequence", omit_defaults=True):
    """Matches of all `rules` within `over_seconds`, in this order when `ordered`."""

    rules: tuple[str, ...]
    over_seconds: int
    ordered: bool = True


Trigger = Each | Count | Distinct | Spike | Flatline | FirstSeen | Sequence
GroupBy = Literal["story", "source", "owner", "country", "language", "place", "person", "rule"]


class Updates(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A message when the count of `field` in an episode reaches each of `milestones`, never sooner than `min_gap_seconds` after the last one."""

    milestones: tuple[int, ...] = ()
    field: Literal["articles", "source.owner", "source.id", "source.country"] = "source.owner"
    min_gap_seconds: int = 1_800


class Digest(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Instead of single messages one at each time of `cron` (five fields) in the zone `tz`. `empty`: also when there is nothing to say."""

    cron: str
    tz: str = "Europe/Berlin"
    empty: bool = False


class Late(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What becomes of an article published more than `after_seconds` before it was first seen."""

    after_seconds: int
    action: Literal["notify", "digest", "record"] = "notify"


class Escalate(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Who is told as well when nobody has acknowledged for so long."""

    after_seconds: int
    to: tuple[str, ...]


class Notify(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Who is told, when and how. No `route`: by the labels, else the default one. `hours`: names of time intervals in which it may ring."""

    route: tuple[str, ...] = ()
    first_wait_seconds: int = 0
    updates: Updates = Updates()
    repeat_seconds: int = 0
    resolved: bool = False
    digest: Digest | None = None
    max_per_hour: int = 20
    on_update: Literal["ignore", "material", "always"] = "material"
    late: Late | None = None
    escalate: Escalate | None = None
    hours: tuple[str, ...] = ()
    template: str = ""
    include: tuple[str, ...] = ()


class RuleTest(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One example the rule must get right; `terms` are terms that must be among its hits.

    `entities`: those that it names, by id or `type:place`; None for those that are recognised in it.
    """

    text: str
    match: bool
    title: str = ""
    lang: str = ""
    terms: tuple[str, ...] = ()
    entities: tuple[str, ...] | None = None


class Expect(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What a back-test must find a day on average; -1 is no limit."""

    least_a_day: float = -1
    most_a_day: float = -1


class Rule(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A rule as its file declares it. After `expires_at` it matches nothing any more. `query` is the text it was written as, if it was."""

    id: str
    title: str
    match: Group
    query: str = ""
    status: Status = "live"
    severity: Severity = "medium"
    owner: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    runbook: str = ""
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    expires_at: datetime | None = None
    langs: tuple[str, ...] = ()
    lang_strict: bool = False
    fields: tuple[SearchedField, ...] = SEARCHED
    where: Where = Where()
    min_score: int = 0
    trigger: Trigger = Each()
    group_by: tuple[GroupBy, ...] = ("story",)
    quiet_after_seconds: int = QUIET_AFTER_SECONDS
    reopen_within_seconds: int = REOPEN_WITHIN_SECONDS
    notify: Notify = Notify()
    tests: tuple[RuleTest, ...] = ()
    expect: Expect = Expect()


class TermSet(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A concept: terms by language, to be used as `{set: id}`."""

    id: str
    title: str
    terms: dict[str, tuple[Clause, ...]]
    description: str = ""
    source: str = ""

"""The whole flow as data: which stage reads what, writes what, and how each topic is kept.

Agents, topic creation, the table in README and the checks of `problems()` are derived from here.
Reading order for a newcomer: `STAGES` from top to bottom is what happens to one article.
"""

from __future__ import annotations

from dataclasses import dataclass

DAY = 86_400
HOUR = 3_600


@dataclass(frozen=True)
class Topic:
    """A Kafka topic. `key` is what its records are keyed by; `retention_seconds` None keeps the newest record of each key for ever."""

    name: str
    key: str
    partitions: int
    retention_seconds: int | None
    help: str
    compacted: bool = False
    many_writers: bool = False


@dataclass(frozen=True)
class Stage:
    """One row of the flow. `state` is the topic that holds the stage's memory; `runs_in` names the process (`lagebild run …`)."""

    name: str
    runs_in: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    help: str
    state: tuple[str, ...] = ()


COLLECTED = "articles.collected"
IDENTIFIED = "articles.identified"
DEDUPLICATED = "articles.deduplicated"
ENRICHED = "articles.enriched"
REJECTED = "articles.rejected"
OUTCOMES = "articles.outcomes"
KNOWN = "articles.known"
STORIES = "stories"
HELD = "articles.held"
EVIDENCE = "evidence"
MATCHES = "matches"
RULES = "rules"
EPISODES = "alerts.episodes"
NOTIFICATIONS = "alerts.notifications"
COMMANDS = "alerts.commands"
ALERT_MEMORY = "alerts.memory"
SILENCES = "alerts.silences"
AUDIT = "alerts.audit"
RULE_VERSIONS = "rules.versions"
CURSORS = "sources.cursors"
HEALTH = "sources.health"
CANARIES = "sources.canaries"
REREADS = "pages.rereads"

STORY_WINDOW_SECONDS = 72 * HOUR

TOPICS: tuple[Topic, ...] = (
    Topic(COLLECTED, "article id", 4, 7 * DAY, "articles as the sources delivered them", many_writers=True),
    Topic(IDENTIFIED, "routing language", 4, 7 * DAY, "decoded, dated, in a language, with a signature"),
    Topic(DEDUPLICATED, "article id", 4, 7 * DAY, "with the story they belong to"),
    Topic(ENRICHED, "article id", 4, 400 * DAY, "with entities, terms and matches; kept as long as the index"),
    Topic(MATCHES, "rule id", 1, 7 * DAY, "one record per rule and article that matched"),
    Topic(REJECTED, "article id", 1, 30 * DAY, "what could not be processed, with its original bytes", many_writers=True),
    Topic(OUTCOMES, "article id", 4, 30 * DAY, "what became of each collected record", many_writers=True),
    Topic(EVIDENCE, "article id", 1, None, "every revision that matched a rule, as it was known then"),
    Topic(KNOWN, "article id:revision", 4, 30 * DAY, "memory of identify: revisions and their hashes", compacted=True),
    Topic(STORIES, "article id:revision", 4, STORY_WINDOW_SECONDS + 24 * HOUR, "memory of deduplicate: stories and signatures"),
    Topic(RULES, "rule id", 1, None, "the alert rules and their manifest", compacted=True),
    Topic(EPISODES, "episode id", 1, None, "alert episodes", compacted=True),
    Topic(NOTIFICATIONS, "notification id", 1, None, "messages to people: pending, sent, failed", compacted=True),
    Topic(COMMANDS, "episode id", 1, 7 * DAY, "what people say of alerts: acknowledge, silence", many_writers=True),
    Topic(ALERT_MEMORY, "rule id", 1, None, "what triggers remember: counts, baselines, what was seen before", compacted=True),
    Topic(SILENCES, "silence id", 1, None, "silences with author, reason and end", compacted=True),
    Topic(AUDIT, "episode id", 1, None, "who decided what, and when; kept for ever"),
    Topic(RULE_VERSIONS, "rule id", 1, None, "every version of a rule that was active, as it was written"),
    Topic(HELD, "article id", 1, None, "embargoed articles until they are due", compacted=True),
    Topic(CURSORS, "source id", 1, None, "where each source is read on from", compacted=True),
    Topic(HEALTH, "source id", 1, None, "how each source is doing", compacted=True),
    Topic(CANARIES, "connector", 1, None, "the last canary of each connector that reached the alerter", compacted=True),
    Topic(REREADS, "article id", 1, None, "pages that matched and are read again: when next, and what they said", compacted=True),
)

STAGES: tuple[Stage, ...] = (
    Stage("collect", "collector", (), (COLLECTED, HELD, CURSORS, HEALTH, REJECTED, OUTCOMES), "fetch from the sources", state=(CURSORS,)),
    Stage(
        "identify",
        "worker",
        (COLLECTED,),
        (IDENTIFIED, KNOWN, REJECTED, OUTCOMES),
        "clean text, dates, repeat or revision, language, signature",
        state=(KNOWN,),
    ),
    Stage(
        "deduplicate",
        "worker",
        (IDENTIFIED,),
        (DEDUPLICATED, STORIES, REJECTED, OUTCOMES),
        "gather near-duplicates into stories",
        state=(STORIES,),
    ),
    Stage("enrich", "worker", (DEDUPLICATED, RULES), (ENRICHED, MATCHES, EVIDENCE, REJECTED, OUTCOMES), "entities, then alert rules"),
    Stage(
        "reread",
        "collector",
        (EVIDENCE,),
        (COLLECTED, REREADS),
        "read pages that matched again: withdrawn, corrected, changed?",
        state=(REREADS,),
    ),
    Stage(
        "index",
        "indexer",
        (ENRICHED, EPISODES, NOTIFICATIONS, SILENCES, AUDIT, HEALTH, REJECTED),
        (REJECTED, OUTCOMES),
        "write to Elasticsearch",
    ),
    Stage(
        "alert",
        "alerter",
        (MATCHES, COMMANDS, RULES),
        (EPISODES, NOTIFICATIONS, ALERT_MEMORY, SILENCES, AUDIT, CANARIES, REJECTED),
        "gather matches into episodes and notify",
        state=(EPISODES, NOTIFICATIONS, ALERT_MEMORY, SILENCES),
    ),
)

# Topics that people or commands write, not a stage.
OUTSIDE_WRITERS = {
    COLLECTED: "lagebild drill",
    RULES: "lagebild rules apply",
    RULE_VERSIONS: "lagebild rules apply",
    COMMANDS: "lagebild alerts, the live page",
}


def topic(name: str) -> Topic:
    """The topic called `name`. Raises KeyError for a name that is not in `TOPICS`."""
    return _BY_NAME[name]


_BY_NAME = {each.name: each for each in TOPICS}


def stage(name: str) -> Stage:
    """The stage called `name`. Raises KeyError for a name that is not in `STAGES`."""
    return {each.name: each for each in STAGES}[name]


# The processes that read as a consumer group, which is called like the process.
GROUPS = ("collector", "worker", "indexer", "alerter")
# Those of them whose lag is a delay of the news; the collector takes its time to read pages again.
KEEPING_UP = ("worker", "indexer", "alerter")


def group_topics() -> dict[str, tuple[str, ...]]:
    """The topics that each process that must keep up reads in its consumer group. Rules are read by everybody, outside of groups."""
    return {
        process: tuple(name for each in STAGES if each.runs_in == process for name in each.reads if name != RULES) for process in KEEPING_UP
    }


def problems(topics: tuple[Topic, ...] = TOPICS, stages: tuple[Stage, ...] = STAGES) -> list[str]:
    """What is inconsistent: unknown topics, several writers, stages that nothing reaches, state that is not co-partitioned."""
    known = {each.name: each for each in topics}
    writers: dict[str, list[str]] = {name: [] for name in known}
    for name, writer in OUTSIDE_WRITERS.items():
        writers.setdefault(name, []).append(writer)
    found = []
    for each in stages:
        for name in {*each.reads, *each.writes, *each.state} - known.keys():
            found.append(f"stage {each.name} names the topic {name}, which is not declared")
        for name in each.writes:
            writers.setdefault(name, []).append(each.name)
        for name in set(each.state) - set(each.writes):
            found.append(f"stage {each.name} keeps its state in {name} but does not write it")
    for name, who in writers.items():
        if not who:
            found.append(f"nothing writes the topic {name}")
        if len(who) > 1 and name in known and not known[name].many_writers:
            found.append(f"the topic {name} has several writers: {', '.join(who)}")
    found += [f"nothing reaches stage {each.name}" for each in stages if each.reads and not any(writers.get(name) for name in each.reads)]
    found += _not_co_partitioned(known, stages)
    return found


def _not_co_partitioned(known: dict[str, Topic], stages: tuple[Stage, ...]) -> list[str]:
    """A worker stage finds its state in the partition of the same number as its input."""
    return [
        f"{state} must have as many partitions as {each.reads[0]}: stage {each.name} looks its state up by partition number"
        for each in stages
        if each.runs_in == "worker"
        for state in each.state
        if state in known and each.reads[0] in known and known[state].partitions != known[each.reads[0]].partitions
    ]


def flow_table() -> str:
    """The flow as a Markdown table, one row per stage: README holds it, and a test compares them."""

    def names(each: tuple[str, ...], nothing: str = "") -> str:
        return ", ".join(f"`{name}`" for name in each) or nothing

    rows = ["| stage | process | reads | writes | work | memory |", "|---|---|---|---|---|---|"]
    for each in STAGES:
        memory = names(each.state) if each.state else "none"
        reads = names(each.reads, "the sources")
        writes = names(tuple(name for name in each.writes if name not in each.state))
        rows.append(f"| {each.name} | `{each.runs_in}` | {reads} | {writes} | {each.help} | {memory} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    import re
    from pathlib import Path

    readme = Path(__file__).parents[1] / "README.md"
    block = f"<!-- flow:begin -->\n{flow_table()}<!-- flow:end -->"
    readme.write_text(
        re.sub(r"<!-- flow:begin -->.*<!-- flow:end -->", block, readme.read_text(encoding="utf-8"), flags=re.DOTALL), encoding="utf-8"
    )

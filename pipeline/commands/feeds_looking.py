"""Two looks at one source, as a collector would take them, without Kafka and without keeping anything."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace

import pydantic

from pipeline import plugins
from pipeline.errors import LagebildError
from pipeline.plugins import Batch, Connector, Context
from pipeline.rules.compiled import RuleSet
from pipeline.sections import SourceSettings
from pipeline.settings import Settings
from pipeline.tryout import Tried, try_articles

# One look may take several fetches: pages of an interface, the articles of a list page. People wait for it.
FETCHES = 10
LOOK_SECONDS = 30.0
LOOK_ARTICLES = 500
LONGEST_PAUSE_SECONDS = 2.0


class NothingToFetch(LagebildError):
    """The source only takes what others send; the message says how to try it."""


@dataclass(frozen=True)
class Look:
    """The second look shows whether the server knows what we have, or brings the next part. `tried` are the articles after all stages."""

    first: Batch
    second: Batch
    tried: Tried

    @property
    def is_unreadable(self) -> bool:
        """Whether the source brought something of which nothing could be read, or nothing for no reason."""
        return self.is_silent or (bool(self.first.unreadable) and not self.first.articles)

    @property
    def is_silent(self) -> bool:
        """Whether the server says that nothing has changed to somebody who has nothing."""
        return self.first.about.get("status") == 304

    @property
    def repeats(self) -> int:
        """Items of one document that are one article."""
        return sum(count - 1 for count in Counter(each.id for each in self.first.articles).values())

    @property
    def again(self) -> int:
        """Articles of the first look that the second brings too."""
        known = {each.id for each in self.first.articles}
        return sum(each.id in known for each in self.second.articles)


def looked(settings: Settings, source: SourceSettings, rules: RuleSet) -> Look:
    """Two looks, and the articles of the first through all stages. Raises what the connector raises, and LagebildError for bad options."""
    module = plugins.load("connectors", source.connector, settings.plugin_folders)
    try:
        options = module.Options.model_validate(source.options)
    except pydantic.ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'options'}: {each['msg']}" for each in error.errors())
        raise LagebildError(f"the connector {source.connector} cannot be used so: {wrong}") from None
    if settings.contact and not getattr(options, "contact", settings.contact):
        options = options.model_copy(update={"contact": settings.contact})
    connector = plugins.make(module, options, Context(source.id, settings.folder))
    if how := getattr(connector, "try_by", ""):
        raise NothingToFetch(f"{source.id} fetches nothing: others send to it. {how}")
    with plugins.faults_named(source.connector, module.__file__):
        first = _whole(connector)
        is_refused = first.unreadable and not first.articles
        second: Batch = Batch() if is_refused else connector.fetch(first.cursor)
    return Look(first, second, try_articles(first.articles, settings, rules))


def _whole(connector: Connector) -> Batch:
    """All that one look brings, within limits, as one batch; `more` when they were reached."""
    until = time.monotonic() + LOOK_SECONDS
    whole = connector.fetch({})
    for _ in range(FETCHES - 1):
        pause_seconds = _pause(connector, whole)
        if pause_seconds is None or len(whole.articles) >= LOOK_ARTICLES or time.monotonic() + pause_seconds > until:
            break
        time.sleep(pause_seconds)
        whole = _joined(whole, connector.fetch(whole.cursor))
    return whole


def _pause(connector: Connector, batch: Batch) -> float | None:
    """For how long to wait before the next part of the same look; None when there is none."""
    if batch.more:
        return 0.0
    wait_seconds = batch.wait_seconds
    if wait_seconds is None or wait_seconds > LONGEST_PAUSE_SECONDS or batch.unchanged or getattr(connector, "listens", False):
        return None
    return wait_seconds


def _joined(whole: Batch, part: Batch) -> Batch:
    """Both as one: what is counted is added, the state is that of `part`, and what a source says of itself that of the first."""
    return replace(
        part,
        articles=(*whole.articles, *part.articles),
        unreadable=(*whole.unreadable, *part.unreadable),
        left_out=whole.left_out + part.left_out,
        about=whole.about or part.about,
        note="; ".join(dict.fromkeys(each for each in (whole.note, part.note) if each)),
    )

"""The source: what Kibana's own alert rules watch. Our alerter stays the one that wakes people; these are for teams that work in Kibana.

Both watch by when a document was indexed (`event.ingested`): an article published at nine and fetched at a quarter to ten would slip through a
window on its own time. A word is looked for in `news.terms_added`, which holds what the newest revision added, in base forms and with the heads of
compounds: so "Raketentest" finds "Mittelstreckenraketentests", and a corrected typing error does not ring again.
"""

from __future__ import annotations

from pipeline.kibana import kql
from pipeline.kibana.declared import Watch
from pipeline.settings import Settings
from pipeline.text.folding import fold

WATCHED_TIME = "event.ingested"

_HOUR = 60
_DAY = 24 * _HOUR


def watches(settings: Settings) -> tuple[Watch, ...]:
    """One watch for each word of `kibana.keywords`, and one for episodes of `kibana.severities`; () when both are empty."""
    words = dict.fromkeys(fold(each) for each in settings.kibana.keywords)
    found = [_keyword(word) for word in words if word]
    if settings.kibana.severities:
        found.append(_episodes(tuple(dict.fromkeys(settings.kibana.severities))))
    return tuple(found)


def _keyword(word: str) -> Watch:
    return Watch(
        name=f"keyword-{word}",
        title=f"News: the word {word}",
        view="articles",
        # What is replayed or read from an archive tells nobody, here as in the alerter.
        where=f"news.terms_added : {kql.quoted(word)} and not news.replay : true and not news.backfill : true",
        each="event.id",
        minutes=_HOUR,
        shown=("news.title", "url.full"),
        tags=("keyword",),
    )


def _episodes(severities: tuple[str, ...]) -> Watch:
    """An episode is indexed anew with everything that happens to it; a day is longer than nearly all of them live."""
    return Watch(
        name="episodes",
        title=f"News alerts: new episodes, {' or '.join(severities)}",
        view="alerts",
        where=f"news.alert.severity : ({' or '.join(severities)}) and news.alert.state : (firing or reopened)"
        " and news.alert.shadow : false and news.alert.exercise : false",
        each="news.alert.id",
        minutes=_DAY,
        shown=("news.alert.headline", "news.alert.rule_title", "news.alert.url"),
        tags=("episode",),
    )

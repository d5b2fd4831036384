"""The configured enrichers, and who they recognise in a text that is no article: a test of a rule, a text that somebody tries."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property

import msgspec
import structlog

from pipeline import plugins
from pipeline.article import Article, Entity
from pipeline.plugins import Context, Enricher
from pipeline.settings import Settings

log = structlog.get_logger()


def enrichers(settings: Settings) -> dict[str, Enricher]:
    """The configured enrichers by name, in their order."""
    made: dict[str, Enricher] = {}
    for each in settings.enrichers:
        module = plugins.load("enrichers", each.name, settings.plugin_folders)
        options = module.Options.model_validate(each.options)
        made[each.name] = plugins.make(module, options, Context(each.name, settings.folder))
    return made


def enriched_by(article: Article, configured: Mapping[str, Enricher]) -> Article:
    """The article with what each enricher knows of it. One that fails is flagged and logged."""
    for name, enricher in configured.items():
        try:
            article = enricher.enrich(article)
        except Exception:  # a plug-in may raise anything; the alert must not wait for it to be mended
            log.exception("an enricher failed; the article goes on without it", enricher=name, article=article.id)
            article = msgspec.structs.replace(article, flags=(*article.flags, f"enricher_failed:{name}"))
    return article


class Recogniser:
    """Who is named in a text, by the enrichers of `settings`. They are made at the first question, which takes a second or two."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def entities(self, article: Article) -> tuple[Entity, ...]:
        """The entities that the article would have when it is matched. Raises BadConfiguration for enrichers that cannot be made."""
        for each in self._made.values():
            if hasattr(each, "reload"):
                each.reload()
        return enriched_by(article, self._made).entities

    def known(self) -> dict[str, str]:
        """The names of all entities that lists know, by their ids. Enrichers that find names without a list cannot say which."""
        found: dict[str, str] = {}
        for each in self._made.values():
            found |= each.known() if hasattr(each, "known") else {}
        return found

    def called(self, name: str) -> dict[str, str]:
        """The same for what may be called so."""
        found: dict[str, str] = {}
        for each in self._made.values():
            found |= each.called(name) if hasattr(each, "called") else {}
        return found

    @cached_property
    def _made(self) -> dict[str, Enricher]:
        return enrichers(self._settings)


@cache
def packaged() -> Recogniser:
    """What ships with the package, for texts that are tried without a configuration."""
    return Recogniser(Settings())

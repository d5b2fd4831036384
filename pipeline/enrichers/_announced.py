"""Companies and places that no list knows, by the noun before them: "der Chiphersteller Wolfspeed", "die Insel Karpathos"."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from pipeline.article import Field
from pipeline.enrichers._announcing import announced
from pipeline.enrichers._gazetteer import EntityType, Words
from pipeline.enrichers._marked import Marked
from pipeline.enrichers._names import first_names
from pipeline.entities.signs import is_common

# The languages whose dictionaries tell a name from a noun that only stands there, too ("der Hersteller Rohstoffe liefert").
_LANGUAGES = frozenset({"de", "en"})
# Names follow these less often than something else does: "vor Ort Merz", "Gesellschaft Deutschland".
_VAGUE = frozenset(
    str.split("ort see berg strasse kueste kreis republik gesellschaft tochter verlag unternehmen unternehmens state district county")
)
_TYPES: dict[str, EntityType] = {"company": "organisation", "place": "place"}
_MOST_WORDS = 3
_FEWEST_CHARACTERS = 3
_CONFIDENCE = 0.75
_CACHED_WORDS = 20_000


def announced_names(field: Field, words: Words, language: str) -> Iterator[Marked]:
    """The announced names of one field, in order; none in other languages than German and English."""
    if words.capitals or language not in _LANGUAGES:
        return
    capitals = [words.text[start].isupper() for start in words.starts]
    followed = [at for at in range(len(capitals) - 1) if capitals[at + 1] and (capitals[at] or language != "de")]
    for at, kind in [(at, kind) for at in followed if (kind := _clearly(words.forms[at]))]:
        if (last := _end(words, at, language)) > at + 1:
            yield Marked(field, words, at + 1, last, kind, _CONFIDENCE, "rule:announced")


@lru_cache(maxsize=_CACHED_WORDS)
def _clearly(form: str) -> EntityType | None:
    """What the noun announces whenever a name follows it; None for most words."""
    return None if form in _VAGUE else _TYPES.get(announced(form))


def _end(words: Words, announcing: int, language: str) -> int:
    """The word behind the name that begins behind `announcing`; `announcing` + 1 when none begins there."""
    at = announcing + 1
    while at < len(words.forms) and at <= announcing + _MOST_WORDS and words.text[words.ends[at - 1] : words.starts[at]] == " ":
        surface = words.text[words.starts[at] : words.ends[at]]
        if (
            len(surface) < _FEWEST_CHARACTERS
            or not surface[0].isupper()
            or is_common(surface, language)
            or words.forms[at] in first_names()
        ):
            break
        at += 1
    return at

"""A name at its place in an article, before it is decided what it means."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.article import Field
from pipeline.enrichers._gazetteer import Found, Sense, Subject, Words


@dataclass(slots=True)
class Spot:
    """A name at its place, with the senses it may have; `subject` once that is decided.

    `confirmed`: the model says, too, that a place stands here; `confidence` is 1 where nothing had to be decided.
    """

    field: Field
    words: Words
    found: Found
    senses: list[Sense]
    subject: Subject | None = None
    confidence: float = 1.0
    confirmed: bool = False

"""A name that no list has, at its place: found by the model or by a rule."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.article import Field
from pipeline.enrichers._gazetteer import EntityType, Words


class Marked(NamedTuple):
    """Words `first` to `last` (exclusive) of a field are a name of this type; `rule` says which rule found it, "" for the model."""

    field: Field
    words: Words
    first: int
    last: int
    type: EntityType
    confidence: float
    rule: str = ""

    @property
    def key(self) -> str:
        """Its folded words."""
        return " ".join(self.words.forms[self.first : self.last])

    @property
    def surface(self) -> str:
        """The name as it stands in the text."""
        return self.words.text[self.words.starts[self.first] : self.words.ends[self.last - 1]]

    def surface_of(self, count: int) -> str:
        """The first words of the name as they stand in the text."""
        return self.words.text[self.words.starts[self.first] : self.words.ends[self.first + count - 1]]

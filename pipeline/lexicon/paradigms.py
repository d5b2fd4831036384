"""The forms of one word, as records."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Paradigm:
    """The forms of a word as they are written, and why they are believed to be its forms. `noun`: it is written with a capital.

    `separated`: a verb's form and its particle, when they stand apart.
    """

    forms: frozenset[str]
    origin: str
    noun: bool = False
    separated: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def behind(self, beginning: str, lender: str) -> Paradigm:
        """The same forms behind the beginning of a compound."""
        forms = frozenset(beginning + (form.lower() if self.noun else form) for form in self.forms)
        separated = frozenset((beginning + form, particle) for form, particle in self.separated)
        return Paradigm(forms, f"lent by {lender}", self.noun, separated)

"""Companies by the legal form behind their names, in any language: "Diehl Defence GmbH", "Rosneft PJSC", "Eni S.p.A."."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from pipeline.article import Field
from pipeline.enrichers._announcing import announced
from pipeline.enrichers._function_words import ARTICLES
from pipeline.enrichers._gazetteer import Words
from pipeline.enrichers._marked import Marked

# Nothing in it can match in two ways, so that no text makes it slow; a name has four words and three small ones at most.
_COMPANY = re.compile(
    r"(?<![\w&-])((?:[A-ZÄÖÜ][\w&'’+-]{0,30} (?:(?:&|und|and|de|of) )?){1,4})"
    r"(GmbH(?: & Co\. ?KGa?A?)?|gGmbH|AG(?: & Co\. ?KGa?A?)?|KGaA|SE(?: & Co\. ?KGa?A?)?|OHG|e\. ?V\.|eG|Ltd\.?|LLC|Inc\.?|Corp\.?|plc|PLC|PJSC|"
    r"S\.A\.|S\.p\.A\.|S\.L\.|SARL|SAS|B\.V\.|N\.V\.|Oyj|A/S|ASA|Sp\. z o\.o\.|s\.r\.o\.)(?![\w-])"
)
_FORMS = frozenset(
    str.split("gmbh ggmbh ag kg kga kgaa se ohg eg ev ltd llc inc corp plc pjsc sa spa sarl sas bv nv oyj asa co e v s a p b n l")
)
# At least one of these is a word of every form above.
_TELLING = _FORMS - frozenset(str.split("kg kga sa spa nv co v a p l"))
_CONFIDENCE = 0.95


def companies(field: Field, words: Words) -> Iterator[Marked]:
    """The companies in one field, in order."""
    if _TELLING.isdisjoint(words.forms):
        return
    for match in _COMPANY.finditer(words.text):
        first = bisect_left(words.starts, match.start())
        last = bisect_left(words.starts, match.end())
        while first < last and (words.forms[first] in ARTICLES or announced(words.forms[first]) == "company"):
            first += 1
        if last - first > 1 and words.forms[first] not in _FORMS:
            yield Marked(field, words, first, last, "organisation", _CONFIDENCE, "rule:legal-form")


def without_form(key: str) -> str:
    """The folded words of a name without the legal form at its end; all of them when nothing else would be left."""
    words = key.split()
    while len(words) > 1 and words[-1] in _FORMS:
        words.pop()
    return " ".join(words)

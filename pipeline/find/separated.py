"""Verbs whose particle stands at the end of the clause: "Das Flugzeug stürzt über dem Meer ab." """

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from pipeline.find.capitals import capital_refusal
from pipeline.find.index import TextIndex
from pipeline.find.places import Place
from pipeline.rules.spellings import Spelled

_MOST_TOKENS_BETWEEN = 40
# A particle that ends its clause is followed by punctuation or by one of these; before anything else it is a preposition ("ab Montag").
_BEGINS_CLAUSE = frozenset(
    str.split("und oder aber als wie sowie bevor nachdem weil wenn dass ob waehrend obwohl denn sondern doch bis sobald um ohne statt")
)
# Right behind its verb such a word is the particle only where the clause ends, or where one of these follows ("stürzt ab in …"). Else it begins a
# group of its own: "fiel aus dem Fenster", "stürzte ein Haus ein", "schoss ab 10 Uhr".
_FOLLOWS_PARTICLE = frozenset(
    str.split(
        "in im ins an am ans auf aufs bei beim mit nach von vom vor vorm zu zum zur ueber unter hinter neben zwischen gegen durch fuer um wegen "
        "trotz seit aus laut infolge innerhalb"
    )
)
_BLANKS = " \t\n\xad\u200b\u2060\ufeff"


def separated(index: TextIndex, spelling: Spelled) -> Iterator[Place]:
    """From the verb to its particle in the same sentence, by `spelling.separated`."""
    read = index.read
    for verb, particle in spelling.separated:
        ends = index.tokens(particle)
        verbs = index.tokens(verb) if ends else []
        for token, following in zip(verbs, [*verbs[1:], len(read.forms)], strict=False):
            last = _particle(index, token, ends)
            # The particle belongs to the verb before it that is nearest.
            if 0 < last < following and not (index.german and capital_refusal(read, spelling, verb, read.starts[token], read.ends[token])):
                yield Place(token, last, read.starts[token], read.ends[last], "separated")


def _particle(index: TextIndex, verb: int, candidates: list[int]) -> int:
    """The first of the tokens that can close the clause of the verb; 0 for none."""
    read = index.read
    for token in candidates[bisect_right(candidates, verb) :]:
        if token - verb > _MOST_TOKENS_BETWEEN or read.sentence_of(token) != read.sentence_of(verb):
            return 0
        if read.surface(token)[0].islower() and (
            _closes(index, token) or (token == verb + 1 and read.forms[token + 1] in _FOLLOWS_PARTICLE)
        ):
            return token
    return 0


def _closes(index: TextIndex, token: int) -> bool:
    read = index.read
    if token + 1 == len(read.forms) or read.sentence_of(token + 1) != read.sentence_of(token):
        return True
    between = read.text[read.ends[token] : read.starts[token + 1]]
    return bool(between.strip(_BLANKS)) or read.forms[token + 1] in _BEGINS_CLAUSE

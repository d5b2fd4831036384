"""Rules to what can be looked up: each word of a term becomes the set of its spellings.

`surface_forms` is the one place that knows how a language inflects. What it returns is data, stored in the compiled rule: no stemmer and no lexicon
is needed where articles are matched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import product

import msgspec

from pipeline.rules.model import Clause, CompiledRule, Group, Near, Nearby, Node, Phrase, Rule, RuleSet, Term, Tree, Words
from pipeline.text.folding import fold
from pipeline.text.tokens import Analysed, analyse

_JOINED_SPELLINGS = 64
_DETERMINISTIC = msgspec.json.Encoder(order="deterministic")


class CannotMatch(ValueError):
    """A rule or term from which nothing can be looked up; the message is for the person who wrote it."""


def surface_forms(word: str, language: str) -> frozenset[str]:
    """The folded spellings under which `word` stands in texts of `language` (ISO 639-1, or `und`); at present its own."""
    return frozenset((fold(word),))


def compile_rule(rule: Rule) -> CompiledRule:
    """`rule` with the spellings of its words and its version. Raises CannotMatch when it has no word by which it can be found."""
    tree = _tree(rule.match, rule.langs or ("und",))
    anchors = _anchors(tree)
    if not anchors:
        raise CannotMatch("the rule must ask for at least one word: `none` alone, or beside it in `any`, would match every article")
    compiled = CompiledRule(rule=rule, tree=tree, anchors=anchors)
    return msgspec.structs.replace(compiled, version=hashlib.sha256(_DETERMINISTIC.encode(compiled)).hexdigest()[:16])


def _tree(group: Group, languages: tuple[str, ...]) -> Tree:
    return Tree(
        any=tuple(_node(clause, languages) for clause in group.any),
        all=tuple(_node(clause, languages) for clause in group.all),
        none=tuple(_node(clause, languages) for clause in group.none),
    )


def _node(clause: Clause, languages: tuple[str, ...]) -> Node:
    match clause:
        case Term(term):
            return words(term, languages)
        case Phrase(phrase, slop):
            return words(phrase, languages, slop)
        case Near(near, within, order):
            return Nearby(items=tuple(words(term, languages) for term in near), within=within, ordered=order == "given")
        case Group():
            return _tree(clause, languages)


def words(term: str, languages: tuple[str, ...] = ("und",), slop: int = 0) -> Words:
    """The words of `term` with their spellings in all `languages`. Raises CannotMatch when it has no letter or digit."""
    read = analyse(term)
    if not any(read.forms):
        raise CannotMatch(f"{term!r} has no word that could be looked up (addresses and punctuation are not searched)")
    spellings = tuple(
        frozenset().union(*(surface_forms(read.surface(token), language) for language in languages)) for token in range(len(read.forms))
    )
    glued = read.spaceless and _is_glued(read)
    joined: frozenset[str] = frozenset()
    if len(spellings) > 1 and not read.spaceless:
        joined = frozenset("".join(each) for each, _ in zip(product(*map(sorted, spellings)), range(_JOINED_SPELLINGS), strict=False))
    return Words(term=term, words=spellings, slop=0 if glued else slop, joined=joined, glued=glued)


def _is_glued(read: Analysed) -> bool:
    return all(end == start for end, start in zip(read.ends, read.starts[1:], strict=False))


def _anchors(node: Node) -> frozenset[str]:
    """Keys of which an article must have one for `node` to hold; empty when it can hold without any."""
    match node:
        case Words():
            return _word_anchors(node)
        case Nearby():
            return max((_word_anchors(item) for item in node.items), key=_worth)
        case Tree():
            demanded = [_anchors(child) for child in node.all]
            if node.any:
                alternatives = [_anchors(child) for child in node.any]
                demanded.append(frozenset().union(*alternatives) if all(alternatives) else frozenset())
            return max((each for each in demanded if each), key=_worth, default=frozenset())


def _word_anchors(node: Words) -> frozenset[str]:
    if node.glued and len(node.words) > 1:
        pairs = zip(node.words, node.words[1:], strict=False)
        return max((frozenset(a + b for a in first for b in second) for first, second in pairs), key=_worth)
    return max(node.words, key=_worth) | node.joined


def _worth(anchors: frozenset[str]) -> tuple[int, int]:
    """How well the anchors tell articles apart: long words are rare, and few keys are better than many."""
    return min(map(len, anchors), default=0), -len(anchors)


def rule_set(compiled: Iterable[CompiledRule], version: str = "") -> RuleSet:
    """The rules as one set. Of several with the same id the last one stays."""
    return RuleSet().changed(compiled, version=version)

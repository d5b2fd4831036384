"""Rules to what can be looked up: each word of a term becomes the set of its spellings.

What comes out is data, stored in the compiled rule: neither stemmer nor dictionary is needed where articles are matched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from pipeline.find.patterns import Unusable, regex_anchors, regex_pattern, wildcard_anchors, wildcard_pattern
from pipeline.lexicon.compounds import is_head, is_known_head
from pipeline.rules.anchors import anchors
from pipeline.rules.compiled import CompiledRule, Condition, Inside, Nearby, Node, Pattern, RuleSet, Spelled, Tree, Words
from pipeline.rules.model import Clause, Constituents, Filter, Group, Near, Phrase, Regex, Rule, SetOf, Term, TermSet, Wildcard, Within
from pipeline.rules.signs import BLANK, joint, sign_before, sign_behind
from pipeline.rules.spelling import has_german, parts_of, spelling
from pipeline.rules.spellings import spelled
from pipeline.text.alphabets import writing
from pipeline.text.folding import fold
from pipeline.text.tokens import Analysed, analyse

# The languages of a rule that names none: its words are inflected as German.
LANGUAGES = ("und",)
_DEEPEST_SETS = 5
_LONGEST_INITIAL = 2
_REMEMBERED_SPELLINGS = 200_000
_DETERMINISTIC = msgspec.json.Encoder(order="deterministic")
# The first character of the scripts in which every character is a token; see `pipeline.text.scripts`.
_SPACELESS = "\u0e00"


class CannotMatch(ValueError):
    """A rule or term from which nothing can be looked up; the message is for the person who wrote it."""


def compile_rule(rule: Rule, sets: Mapping[str, TermSet] | None = None) -> CompiledRule:
    """`rule` with the spellings of its words and its version. `sets` are the term sets it may name.

    Raises CannotMatch when it has no word by which it can be found, or a clause that cannot be looked for.
    """
    tree = _Compiling(rule.langs or LANGUAGES, sets or {}, bool(rule.langs)).tree(rule.match)
    found = anchors(tree)
    if not found:
        raise CannotMatch(
            "the rule must ask for at least one word: `none` or a filter alone, or beside it in `any`, would be tried on every article"
        )
    compiled = CompiledRule(rule=rule, tree=tree, anchors=tuple(sorted(found)))
    return msgspec.structs.replace(compiled, version=hashlib.sha256(_DETERMINISTIC.encode(compiled)).hexdigest()[:16])


class _Compiling:
    """The compilation of one rule's clauses: languages, sets, how deep it is in sets of sets."""

    def __init__(self, languages: tuple[str, ...], sets: Mapping[str, TermSet], chosen: bool, depth: int = 0) -> None:
        self.languages = languages
        self.sets = sets
        self.chosen = chosen
        self.depth = depth

    def tree(self, group: Group) -> Tree:
        return Tree(any=self.nodes(group.any), all=self.nodes(group.all), none=self.nodes(group.none))

    def nodes(self, clauses: Iterable[Clause]) -> tuple[Node, ...]:
        return tuple(self.node(clause) for clause in clauses)

    def node(self, clause: Clause) -> Node:
        match clause:
            case Term() | Phrase():
                return _with_blank(_with_number(_worded(clause, self.languages)), self.languages)
            case Near():
                return self.near(clause)
            case Constituents(keyword, within):
                return self.constituents(keyword, within)
            case Wildcard(pattern):
                return _pattern(pattern, "wildcard")
            case Regex(pattern):
                return _pattern(pattern, "regex")
            case SetOf(name):
                return self.set_of(name)
            case Filter(place, values, op):
                return Condition(place=place, values=values, op=op)
            case Within(fields, inner):
                return Inside(fields=fields, node=self.node(inner))
            case Group():
                return self.tree(clause)

    def near(self, near: Near) -> Nearby:
        items = self.nodes(near.near)
        for item, clause in zip(items, near.near, strict=True):
            if not anchors(item):
                raise CannotMatch(f"{clause} stands in a `near` and has no word that could be looked up")
        if len(items) < 2:
            raise CannotMatch("`near` needs two words or more")
        return Nearby(items=items, within=near.within, ordered=near.order == "given", paragraph=near.scope == "paragraph")

    def constituents(self, keyword: str, within: int) -> Tree:
        parts = parts_of(keyword, self.languages)
        if len(parts) < 2:
            raise CannotMatch(
                f"{keyword!r} cannot be split into two parts that are words: name them yourself, such as "
                f"{{near: [Rakete, {{any: [Test, testen]}}], within: {within}}} for 'Raketentest'"
            )
        items = tuple(Tree(any=tuple(words(word, self.languages) for word in part), whole=True) for part in parts)
        return Tree(any=(words(keyword, self.languages), Nearby(items=items, within=within, term=keyword)), whole=True)

    def set_of(self, name: str) -> Tree:
        held = self.sets.get(name)
        if held is None:
            known = ", ".join(sorted(self.sets)) or "there are none"
            raise CannotMatch(f"there is no term set {name!r} (known: {known})")
        if self.depth >= _DEEPEST_SETS:
            raise CannotMatch(f"the term set {name!r} stands in too many others, or in itself: at most {_DEEPEST_SETS} in one another")
        spoken = [language for language in held.terms if language in self.languages] if self.chosen else list(held.terms)
        found = [self.terms_in(language, held, bound=bool(spoken)) for language in spoken or held.terms if held.terms[language]]
        if not found:
            raise CannotMatch(f"the term set {name!r} has no terms")
        return Tree(any=tuple(found), whole=True)

    def terms_in(self, language: str, held: TermSet, *, bound: bool) -> Tree:
        """The terms that the set gives in a language. `bound`: they hold in texts of it, and in those whose language nobody knows."""
        terms = Tree(any=_Compiling((language,), self.sets, self.chosen, self.depth + 1).nodes(held.terms[language]), whole=True)
        if not bound or language == "und":
            return terms
        return Tree(all=(terms, Condition(place="language", values=(language, "und"))), whole=True)


def _worded(clause: Term | Phrase, languages: tuple[str, ...]) -> Words:
    if isinstance(clause, Phrase):
        return words(clause.phrase, languages, clause.slop, inflect=clause.inflect)
    options = {"exact": clause.exact, "inflect": clause.inflect, "head": clause.head, "modifier": clause.modifier, "derive": clause.derive}
    return words(clause.term, languages, **options)  # type: ignore[arg-type]  # each option is what `words` calls it


def _with_number(written: Words) -> Words | Tree:
    """ "Covid 19" as the rule writes it, which finds "Covid-19" too, or in one piece: "Covid19"; other words as they are."""
    read = analyse(written.term)
    if len(read.forms) != 2 or read.forms[0].isalpha() == read.forms[1].isalpha() or not any(map(str.isdecimal, read.forms)):
        return written
    first, second = written.words
    if first.sign or second.sign_before:
        return written
    joined = Spelled(forms=("".join(read.forms),), closed=True, sign=second.sign, sign_before=first.sign_before, number=True, guarded=True)
    return Tree(any=(written, Words(term=written.term, words=(joined,))), whole=True)


def _with_blank(written: Words | Tree, languages: tuple[str, ...]) -> Words | Tree:
    """ "U-Boot", "Saudi-Arabien" as the rule writes them, and with a blank, where what stands before it is no first part of a compound."""
    if not isinstance(written, Words) or len(written.words) != 1 or not has_german(languages) or written.words[0].strict:
        return written
    parts = analyse(written.term).parts.get(0, ())
    if len(parts) != 2 or not all(form.isalpha() for form, _, _ in parts):
        return written
    (first, start, end), (second, behind, last) = parts
    if len(first) > _LONGEST_INITIAL and is_head(first + second, second):
        return written
    before = _spelled(written.term[start:end], languages, len(first) <= _LONGEST_INITIAL, False, False, False, ())
    after = words(written.term[behind:last], languages, head=False).words[0]
    apart = (msgspec.structs.replace(before, sign=BLANK), msgspec.structs.replace(after, sign_before=BLANK, sign=written.words[0].sign))
    return Tree(any=(written, Words(term=written.term, words=apart)), whole=True)


def words(
    term: str,
    languages: tuple[str, ...] = LANGUAGES,
    slop: int = 0,
    *,
    exact: bool = False,
    inflect: bool = True,
    head: bool | None = None,
    modifier: bool = False,
    derive: tuple[str, ...] = (),
) -> Words:
    """The words of `term` with their spellings in all `languages`. Raises CannotMatch when it has no letter or digit.

    Only a single word is looked for in compounds: "Rotes Kreuz" is no Hakenkreuz.
    """
    read = analyse(term)
    if not any(read.forms):
        raise CannotMatch(f"{term!r} has no word that could be looked up (addresses and punctuation are not searched)")
    if read.spaceless and _is_glued(read):
        return Words(term=term, words=tuple(map(_character, read.forms)), own=read.forms[0] if len(read.forms) == 1 else "", glued=True)
    single = len(read.forms) == 1
    worded = tuple(
        _signed(
            _spelled(read.surface(token), languages, exact, inflect, head if single else False, modifier and single, derive), read, token
        )
        for token in range(len(read.forms))
    )
    if not single and inflect and not exact and has_german(writing(read.surface(len(worded) - 1), languages)):
        worded = (*worded[:-1], _with_genitive(worded[-1], read.surface(len(worded) - 1)))
    return Words(term=term, words=worded, own=read.forms[0] if single else "", slop=slop)


def _with_genitive(found: Spelled, last: str) -> Spelled:
    """The last word of a name with the s of the genitive, which short names lack alone because it makes another word of them: "Kim Jong Uns"."""
    genitive = fold(last) + "s"
    if not (last.isalpha() and last[0].isupper()) or last[-1] in "sxzß" or found.strict or genitive in found.forms:
        return found
    forms, capital = (*found.forms, genitive), (*found.capital, genitive)
    return msgspec.structs.replace(found, forms=tuple(sorted(forms)), capital=tuple(sorted(capital)), guarded=True)


@lru_cache(maxsize=_REMEMBERED_SPELLINGS)
def _spelled(
    word: str, languages: tuple[str, ...], exact: bool, inflect: bool, head: bool | None, modifier: bool, derive: tuple[str, ...]
) -> Spelled:
    if len(word) < 3 and fold(word) >= _SPACELESS:
        return _character(fold(word))
    found = spelling(word, languages, exact=exact, inflect=inflect, head=head, modifier=modifier, derive=derive)
    # An adjective that is written small is none that is made a noun, of which every form would need a capital.
    if word[0].islower() and found.capital == found.forms:
        found = msgspec.structs.replace(found, capital=frozenset())
    return _of_number(spelled(found, frozenset(each for each in found.heads if not is_known_head(each))), fold(word))


def _of_number(found: Spelled, form: str) -> Spelled:
    return msgspec.structs.replace(found, number=True, guarded=True) if form and (form[0].isdecimal() or form[-1].isdecimal()) else found


def _signed(found: Spelled, read: Analysed, token: int) -> Spelled:
    """The word with the signs that the term writes beside it, and those that join it to its neighbours."""
    term, start, end = read.text, read.starts[token], read.ends[token]
    behind, before = sign_behind(term, end), sign_before(term, start)
    if not behind and token + 1 < len(read.starts):
        behind = joint(term, end, read.starts[token + 1])
    if not before and token:
        before = joint(term, read.ends[token - 1], start)
    return msgspec.structs.replace(found, sign=behind, sign_before=before) if behind or before else found


@lru_cache(maxsize=20_000)
def _character(form: str) -> Spelled:
    return Spelled(forms=(form,))


def _is_glued(read: Analysed) -> bool:
    return all(end == start for end, start in zip(read.ends, read.starts[1:], strict=False))


def _pattern(written: str, kind: str) -> Pattern:
    try:
        if kind == "wildcard":
            return Pattern(term=written, kind="wildcard", pattern=wildcard_pattern(written), anchors=wildcard_anchors(written))
        return Pattern(term=f"/{written}/", kind="regex", pattern=regex_pattern(written), anchors=regex_anchors(written))
    except Unusable as error:
        raise CannotMatch(str(error)) from error


def rule_set(compiled: Iterable[CompiledRule], version: str = "") -> RuleSet:
    """The rules as one set. Of several with the same id the last one stays."""
    return RuleSet().changed(compiled, version=version)

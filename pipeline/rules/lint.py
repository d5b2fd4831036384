"""Advice on rules that are right and may still disappoint: no error, shown by `lagebild rules check`, findings with --strict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from pipeline.errors import Problem
from pipeline.lexicon import acronyms, german
from pipeline.lexicon.building import PARADIGMS, SEPARATOR
from pipeline.lexicon.compounds import is_head
from pipeline.lexicon.derivations import begins_compounds
from pipeline.lexicon.membership import languages_of
from pipeline.lexicon.store import opened
from pipeline.located import Located, read_text
from pipeline.rules.compile import LANGUAGES
from pipeline.rules.compiled import CompiledRule, Node, Tree, Words
from pipeline.rules.model import Clause, Group, Near, Phrase, Term, Within
from pipeline.rules.reading_files import File
from pipeline.rules.signs import SIGNS, SIGNS_BEFORE
from pipeline.rules.spelling import is_unknown_name
from pipeline.text.alphabets import alphabet_of, writing
from pipeline.text.folding import fold

SHORT_LETTERS = 5
MANY_HEADS = 25
_SHOWN_HEADS = 10
_TRANSCRIBED = re.compile(r"ae|oe|ue", re.IGNORECASE)
_OPERATORS = re.compile(r"\b(UND|ODER|NICHT|AND|OR|NOT|und|oder|NEAR)\b")
# Simple words that stand in a large part of all news, chosen for this project from what agencies write every day.
_FREQUENT = frozenset(
    map(
        fold,
        str.split(
            "Jahr Jahre Tag Tage Woche Monat Zeit Mensch Menschen Mann Frau Kind Kinder Leute Land Stadt Welt Ende Teil Seite Bild Foto Video "
            "Regierung Polizei Präsident Minister Partei Angabe Angaben Bericht Meldung Prozent Million Millionen Milliarde Euro Dollar "
            "Deutschland Europa USA Unternehmen Firma Markt Spiel Saison Trainer Frage Fall Weg Platz Haus Straße Wasser Geld Arbeit Leben Problem "
            "year years day days week month time people man woman child country city world government police president minister party report "
            "percent million billion company market game season question case news state war group public"
        ),
    )
)


def advice(rules: Iterable[CompiledRule], files: Mapping[str, File]) -> list[Problem]:
    """Warnings for all rules, at their places in the files."""
    listed = list(rules)
    by_id = {file.rule.rule.id: file for file in files.values() if file.rule is not None}
    compounds = _compounds(frozenset(fold(each.term) for rule in listed for each in _wanted(rule.rule.match) if _as_head(each, rule)))
    found = []
    for compiled in listed:
        said = list(_of_rule(compiled, compounds))
        file = by_id.get(compiled.rule.id)
        if said and file is not None:
            source = read_text(file.text, file.name)
            found += [_placed(source, word, message) for word, message in said]
    return sorted(set(found))


def _wanted(clause: Clause) -> Iterator[Term]:
    """The terms by which the rule can match; what it must not match may be as wide as it likes."""
    match clause:
        case Term():
            yield clause
        case Phrase(phrase):
            yield Term(phrase, inflect=False, head=False)
        case Near(near):
            for each in near:
                yield from (Term(found.term, exact=True) for found in _wanted(each))
        case Within(_, inner):
            yield from _wanted(inner)
        case Group(any, all):
            for each in (*any, *all):
                yield from _wanted(each)


def _single(term: Term) -> bool:
    return len(term.term.split()) == 1


def _german(compiled: CompiledRule) -> bool:
    return "de" in (compiled.rule.langs or LANGUAGES)


def _as_head(term: Term, compiled: CompiledRule) -> bool:
    wide = term.head is True or (term.head is None and len(term.term) >= SHORT_LETTERS and not is_unknown_name(term.term))
    return wide and _single(term) and not term.exact and term.inflect and _german(compiled)


def _of_rule(compiled: CompiledRule, compounds: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    yield from _contradictions(compiled)
    alone = set(_alone(compiled.rule.match))
    for term in dict.fromkeys(_wanted(compiled.rule.match)):
        yield from _of_term(term, compiled, term in alone)
        hit = compounds.get(fold(term.term), [])
        if _as_head(term, compiled) and len(hit) > MANY_HEADS:
            shown = ", ".join(hit[:_SHOWN_HEADS])
            yield (
                term.term,
                f"{term.term!r} is the head of {len(hit)} known compounds ({shown} …): exclude the wrong ones with `none`, or `compound: []`",
            )


def _contradictions(compiled: CompiledRule) -> Iterator[tuple[str, str]]:
    """Terms that the rule asks for and forbids at once, so that they can never make it match."""
    forbidden = [each for node in compiled.tree.none for each in _words_of(node)]
    for wanted in (each for node in (*compiled.tree.any, *compiled.tree.all) for each in _words_of(node)):
        covering = next((each for each in forbidden if _covers(each, wanted)), None)
        if covering is not None:
            forbids = "too" if covering.term == wanted.term else f"as {covering.term!r}"
            yield (
                wanted.term,
                f"{wanted.term!r} stands under `none`, {forbids}, so that the rule never matches by it: remove it in one of the two places",
            )


def _words_of(node: Node) -> Iterator[Words]:
    if isinstance(node, Words):
        yield node
    elif isinstance(node, Tree) and not node.all and not node.none:
        for each in node.any:
            yield from _words_of(each)


def _covers(forbidden: Words, wanted: Words) -> bool:
    """Whether wherever `wanted` stands, `forbidden` stands, too."""
    pairs = list(zip(forbidden.words, wanted.words, strict=False))
    same_length = len(forbidden.words) == len(wanted.words) and forbidden.slop >= wanted.slop
    return same_length and all(
        {*wide.forms} >= {*narrow.forms}
        and wide.strict == narrow.strict
        and wide.sign in ("", narrow.sign)
        and wide.sign_before in ("", narrow.sign_before)
        for wide, narrow in pairs
    )


def _alone(clause: Clause) -> Iterator[Term]:
    """Terms of which one is enough for a match."""
    match clause:
        case Term():
            yield clause
        case Within(_, inner):
            yield from _alone(inner)
        case Group(any, all):
            for each in any if not all else ():
                yield from _alone(each)
            if len(all) == 1 and not any:
                yield from _alone(all[0])


def _of_term(term: Term, compiled: CompiledRule, alone: bool) -> Iterator[tuple[str, str]]:
    word = term.term
    if told := _of_alphabet(word, compiled.rule.langs):
        yield word, told
    spaceless = ord(word[0]) > 0x0E00
    if _OPERATORS.search(word) and not _single(term):
        yield word, f"{word!r} holds an operator as a word: a list of terms has none; write `query:` for AND, OR and NOT, or use `all`"
    if not _single(term) or spaceless:
        return
    if not compiled.rule.langs and (told := _of_language(term)):
        yield word, told
    if told := _of_sign(word, in_query=bool(compiled.rule.query)):
        yield word, told
    elif alone and fold(word) in _FREQUENT:
        yield word, f"{word!r} alone stands in a large part of all news: combine it with another word by `all` or `near`"
    elif alone and len(word) < SHORT_LETTERS and not term.exact and not acronyms.is_acronym(word):
        yield (
            word,
            f"{word!r} is short: it is not looked for in compounds, and short words have many meanings; combine it, or use {{compound: [head]}}",
        )
    languages = compiled.rule.langs or LANGUAGES
    if acronyms.is_acronym(word) and not term.exact and acronyms.is_strict(word, languages):
        yield (
            word,
            f"{word!r} is found in capitals only, because {word.lower()!r} is a common word: in headlines all in capitals it may be that one",
        )
    if _german(compiled) and word[:1].isupper() and _TRANSCRIBED.search(word) and not german.known(word) and not acronyms.is_acronym(word):
        umlauts = _TRANSCRIBED.sub(lambda found: {"ae": "ä", "oe": "ö", "ue": "ü"}[found[0].lower()], word)
        yield word, f"{word!r} is not in the lexicon: if it stands for {umlauts!r}, write it so; both spellings are found then"


def _of_alphabet(word: str, languages: tuple[str, ...]) -> str:
    """In which languages a word in other letters than Latin ones is looked for, where the rule names none that is written so."""
    alphabet = alphabet_of(word)
    if alphabet is None or any(each in alphabet.languages for each in languages):
        return ""
    chosen = writing(word, languages)
    if not languages:
        return f"{word!r} is written in {alphabet.name} letters and inflects as {' and '.join(chosen)}: say so with `langs: [{', '.join(chosen)}]`"
    return f"{word!r} is written in {alphabet.name} letters, and `langs: [{', '.join(languages)}]` admits no such text: add {' or '.join(chosen)}"


def _of_language(term: Term) -> str:
    """That a word of another language has German forms only, in a rule that names no languages; "" for words that German may have."""
    word = term.term
    foreign = languages_of(word)
    if term.exact or not term.inflect or not foreign or not word.islower() or german.known(word) or german.known(word.capitalize()):
        return ""
    codes = [foreign[at : at + 2] for at in range(0, len(foreign), 2)]
    return f"{word!r} is no German word and is looked for with German endings: `langs: [{codes[0]}]`, or [de, {codes[0]}], gives it its own"


def _of_sign(word: str, *, in_query: bool) -> str:
    """What a sign at the edge of a word keeps it from matching; "" where nothing else can be meant."""
    before = next((each for each in SIGNS_BEFORE if word.startswith(each)), "")
    if before:
        return f"{word!r} is found only where {before} stands right before it; {word.removeprefix(before)!r} finds it with and without"
    behind = next((each for each in SIGNS if word.endswith(each)), "")
    plain = word.removesuffix(behind)
    if not behind or not plain[:1].isalpha() or not (german.known(plain) or (in_query and behind == "+")):
        return ""
    name = f", for German makes no compounds of {plain}" if in_query and not begins_compounds(plain) else ""
    return (
        f"{word!r} is found only where {behind} stands behind it{name}; for compounds that begin with it write "
        f"{{term: {plain}, compound: [head, modifier]}}"
    )


def _placed(source: Located, word: str, message: str) -> Problem:
    """At the value that holds the word."""
    paths = [path for path in source.written if path[:1] == ("match",) and word in str(_value(source, path))]
    return source.problem(paths[0] if paths else ("match",), message)


def _value(source: Located, path: tuple[str | int, ...]) -> object:
    value = source.data
    for part in path:
        value = value[part]
    return value


@lru_cache(maxsize=4)
def _compounds(words: frozenset[str]) -> dict[str, list[str]]:
    """The lexicon's lemmas of which each word is the head, the shortest first. One pass over all lemmas, about a second."""
    found: dict[str, list[str]] = {}
    if not words:
        return found
    lengths = sorted({len(each) for each in words})
    before = ""
    for key in opened("de", PARADIGMS).iterkeys():
        lemma = key.partition(SEPARATOR)[0]
        if lemma == before or not lemma[:1].isupper():
            continue
        before = lemma
        folded = fold(lemma)
        for length in lengths:
            if length + 2 < len(folded) and folded[-length:] in words and is_head(folded, folded[-length:]):
                found.setdefault(folded[-length:], []).append(lemma)
    return {word: sorted(lemmas, key=lambda each: (len(each), each)) for word, lemmas in found.items()}

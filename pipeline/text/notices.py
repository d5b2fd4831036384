"""What a publisher says of its own text: that it corrected it, or that it took it back. Notes stand at the beginning of a paragraph, in many languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A note is a paragraph, not an article about somebody's correction.
MAX_NOTE_CHARACTERS = 600
MAX_PARAGRAPHS = 2_000
# A text that says it was taken back and goes on for longer than this only quotes somebody.
MAX_WITHDRAWN_WORDS = 120

_CORRECTION_WORD = (
    r"korrektur(?:hinweis)?|berichtigung|richtigstellung|korrigierte fassung|anmerkung der redaktion|hinweis der redaktion|correction|corrected version|corrects?|clarification|"
    r"editor['’]s note|correctif|rectificati(?:f|on)|erratum|errata(?: corrige)?|correcci[oó]n|rectificaci[oó]n|fe de erratas|corre[cç][cç][aã]o|correzione|"
    r"rettifica|correctie|rectificatie|r[aä]ttelse|rettelse|retting|oikaisu|sprostowanie|korekta|oprava|ispravak|ispravka|helyreigaz[ií]t[aá]s|corectur[aă]|"
    r"d[uü]zeltme|исправление|поправка|уточнение|виправлення|уточнення|διόρθωση|תיקון|تصحيح|更正|訂正|정정"
)
_CORRECTION_PHRASE = (
    r"in einer (?:fr[uü]heren|vorherigen|vorigen|ersten|urspr[uü]nglichen) (?:version|fassung)|(?:an|a) (?:earlier|previous) version of this|"
    r"this (?:article|story|report) (?:has been|was) (?:corrected|updated to correct)|dans une (?:version|premi[eè]re version) (?:pr[eé]c[eé]dente|ant[eé]rieure)|"
    r"una versi[oó]n anterior de|una versione precedente|uma vers[aã]o anterior|in een eerdere versie|i en tidligere version|i en tidigare version|"
    r"we wcze[sś]niejszej wersji|v p[rř]edchoz[ií] verzi"
)
# The word alone may begin a sentence ("Correction fluid is sold out"): a note sets it off, by a colon or the like, or by standing alone.
_CORRECTION = re.compile(
    rf"\W{{0,5}}(?:(?:{_CORRECTION_WORD})\b(?:[^\n:：!?]{{0,40}}(?:[:：]|\s[-–—]\s)|\W*\Z)|(?:{_CORRECTION_PHRASE})\b)", re.IGNORECASE
)
_WITHDRAWN = re.compile(
    r"\W{0,5}(?:(?:dieser|der|diese|die) (?:artikel|beitrag|text|bericht|meldung|nachricht) (?:wurde|ist) (?:von der redaktion )?"
    r"(?:zur[uü]ckgezogen|zur[uü]ckgenommen|entfernt|gel[oö]scht|depubliziert|nicht mehr verf[uü]gbar)|"
    r"(?:artikel|meldung|bericht) zur[uü]ckgezogen|zur[uü]ckgezogen\s*[:：]|achtung,? (?:redaktionen|sperrung)\b|"
    r"this (?:article|story|report|post) (?:has been|was) (?:withdrawn|retracted|removed|deleted|taken down)|(?:retraction|retracted|withdrawn)\s*[:：]|"
    r"cet article a [eé]t[eé] (?:retir[eé]|supprim[eé]|d[eé]publi[eé])|este art[ií]culo ha sido (?:retirado|eliminado)|este artigo foi (?:removido|retirado)|"
    r"questo articolo [eè] stato (?:ritirato|rimosso)|dit artikel is (?:ingetrokken|verwijderd)|artikeln har (?:dragits tillbaka|tagits bort)|"
    r"artiklen er (?:trukket tilbage|fjernet)|artyku[lł] zosta[lł] (?:wycofany|usuni[eę]ty))",
    re.IGNORECASE,
)


def correction(text: str) -> str:
    """The paragraph in which the publisher corrects this text, cut to 600 characters; "" when there is none."""
    return next((each[:MAX_NOTE_CHARACTERS] for each in _paragraphs(text) if _CORRECTION.match(each)), "")


def withdrawal(text: str) -> str:
    """The paragraph in which the publisher takes this text back; "" when there is none, or when too much text is left for that."""
    if len(text.split()) > MAX_WITHDRAWN_WORDS:
        return ""
    return next((each[:MAX_NOTE_CHARACTERS] for each in _paragraphs(text) if _WITHDRAWN.match(each)), "")


def _paragraphs(text: str) -> Iterator[str]:
    for number, each in enumerate(text.split("\n")):
        if number >= MAX_PARAGRAPHS:
            return
        if paragraph := each.strip():
            yield paragraph

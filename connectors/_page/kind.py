"""What kind of page came instead of an article, or with only its beginning: consent pages, teasers, paid content. Pure.

Flags: `consent_page` (a question about cookies stands where the text should), `teaser` (only the beginning was there: what matched, matched in the
summary only), `paid` (the publisher says that readers pay for it).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

CONSENT_PAGE, TEASER, PAID = "consent_page", "teaser", "paid"

# Longer texts are articles, whatever they speak of.
MAX_CONSENT_WORDS = 600
MIN_CONSENT_STEMS = 4
MIN_CONSENT_SHARE = 0.05
MAX_TEASER_WORDS = 200
_SEARCHED_CHARACTERS = 500_000
_END_CHARACTERS = 400

_CONSENT_HOST = re.compile(r"(?:^|\.)(?:consent|privacy|cmp|myprivacy)\.", re.IGNORECASE)
_CONSENT_PATH = re.compile(r"/(?:consent|cookie-?wall|privacy-?(?:gate|wall)|purabo-?consent)\b", re.IGNORECASE)
_CONSENT_STEM = re.compile(
    r"\b(cookie|consent|einwillig|zustimm|datenschutz|tracking|tracker|personenbezogen|personalisier|privacy|personal data|gdpr|dsgvo|partner|"
    r"werbung|advertis|legitim|vendor|drittanbieter|preferenc|einstellung|consentement|rgpd|publicit|consens|consentimiento|privacidad|privacidade|"
    r"toestemming|voorkeur|samtyck|samtykke|zgod|prywatno|souhlas|hozzájárul|согласи|конфиденциальн)",
    re.IGNORECASE,
)
_CONSENT_ACTION = re.compile(
    r"alle akzeptieren|akzeptieren und weiter|zustimmen (?:und|&amp;|&) weiter|einwilligen und weiter|mit werbung weiterlesen|accept all|accept (?:and|&amp;|&) continue|"
    r"agree (?:and|&amp;|&) (?:continue|close)|manage (?:my |your )?(?:preferences|choices|cookies|options)|tout accepter|accepter et (?:continuer|fermer)|"
    r"accetta (?:tutti|e continua|e chiudi)|aceptar (?:todo|todas|y continuar|y cerrar)|aceitar (?:tudo|todos|e continuar)|alles accepteren|akkoord gaan|"
    r"acceptera alla|godkänn alla|accepter alle|godta alle|zaakceptuj|akceptuj|přijmout vše|elfogad|принять все",
    re.IGNORECASE,
)
_PAY = re.compile(
    r"weiterlesen mit|jetzt (?:weiterlesen|abonnieren|freischalten|testen)|(?:nur|exklusiv) für abonnent|artikel freischalten|sie haben bereits ein abo|"
    r"subscribe (?:to|now|for)|subscribers? only|to continue reading|(?:sign|log) in to (?:read|continue)|already a subscriber|"
    r"réservée? aux abonnés|(?:lire|la) la suite|abonnez-vous|déjà abonné|riservato agli abbonati|abbonati per|continua a leggere|"
    r"suscríbete|para suscriptores|exclusivo para assinantes|assine para|lees verder met|alleen voor abonnees|word abonnee|"
    r"endast för prenumeranter|bli prenumerant|kun for abonnenter|tylko dla prenumeratorów|kup dostęp|pouze pro předplatitele|для подписчиков",
    re.IGNORECASE,
)
_CUT = re.compile(r"(?:\.\.\.|…|\[…\]|\[\.\.\.\])\s*\Z")


def kind(url: str, text: str, page: str, *, words_said: int = 0, is_paid: bool = False) -> tuple[str, ...]:
    """The flags of a page with the extracted `text`. `page` is its markup; `words_said` how many words the article has by its own account (0: not said)."""
    if _is_consent(url, text, page):
        return (CONSENT_PAGE, TEASER)
    found = (PAID,) if is_paid else ()
    return (*found, TEASER) if _is_teaser(text, words_said, is_paid) else found


def _is_consent(url: str, text: str, page: str) -> bool:
    words = len(text.split())
    if words > MAX_CONSENT_WORDS:
        return False
    stems = [each.lower() for each in _CONSENT_STEM.findall(text)]
    dense = len(set(stems)) >= MIN_CONSENT_STEMS and len(stems) >= MIN_CONSENT_SHARE * words
    if _leads_to_consent(url):
        return bool(stems) or not words
    return dense and bool(_CONSENT_ACTION.search(page, 0, _SEARCHED_CHARACTERS))


def _leads_to_consent(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(_CONSENT_HOST.search(parts.hostname or "") or _CONSENT_PATH.search(parts.path))


def _is_teaser(text: str, words_said: int, is_paid: bool) -> bool:
    words = len(text.split())
    if not words or words_said > 1.6 * words + 50:
        return True
    if words > MAX_TEASER_WORDS:
        return False
    end = text[-_END_CHARACTERS:]
    return is_paid or bool(_PAY.search(end)) or bool(_CUT.search(end))

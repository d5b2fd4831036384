"""One spelling of a URL, because article ids are made of it.

Changing what comes out gives every article without a GUID a new id: raise `VERSION` then, and only then.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

VERSION = 1

MAX_CHARACTERS = 4_000
# Parameters that say where a reader came from, never what is shown. Deliberately few and exact: `id`, `p` or `page` name the article.
_TRACKING = re.compile(
    r"utm_\w+|at_(?:medium|campaign|custom\d|link_\w+|bbc_\w+|ptr_name|format|campaign_type)|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|"
    r"twclid|igshid|yclid|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|wt_mc|wt_zmc|xtor|cmpid|ocid|ns_(?:campaign|mchannel|source|linkname|fee)|"
    r"ref_src|smid|traffic_source|s_cid|ncid|sr_share|guccounter|ftag|__twitter_impression",
    re.IGNORECASE,
)
# An absolute address that stays as it is when it is resolved, whatever the base.
_AS_IT_IS = re.compile(r"https?://[a-z0-9][a-z0-9.-]*/[\w\-./~%,!*:@]*(?:\?[\w\-./~%,!*:@=&+]+)?", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical(url: str, base: str = "") -> str:
    """The canonical form of `url` (resolved against `base`), or "" for what is no http or https address.

    Scheme and host in lower case, no credentials, no default port, no fragment, no tracking parameters, the others sorted.
    `http` and `https` stay apart, as do hosts with and without `www.`: whether they mean the same is the publisher's choice.
    """
    if not url.strip():
        return ""
    try:
        joined = urljoin(base, url.strip()) if base else url.strip()
        if not joined or len(joined) > MAX_CHARACTERS:
            return ""
        parts = urlsplit(joined)
        host, port = parts.hostname or "", parts.port
        scheme = parts.scheme.lower()
        if scheme not in _DEFAULT_PORTS or not host:
            return ""
        place = f"[{host}]" if ":" in host else host
        if port not in (None, _DEFAULT_PORTS[scheme]):
            place += f":{port}"
        query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(name)]
        cleaned = urlunsplit((scheme, place, parts.path or "/", urlencode(query), ""))
        return str(canonicalize_url(cleaned))
    except (ValueError, UnicodeError):
        return ""


def host_of(url: str) -> str:
    """The host of an http or https URL in lower case without `www.`, or "": the namespace of a publisher's GUIDs."""
    try:
        parts = urlsplit(url.strip())
        if parts.scheme.lower() not in _DEFAULT_PORTS:
            return ""
        return (parts.hostname or "").encode("idna").decode("ascii").lower().rstrip(".").removeprefix("www.")
    except ValueError:
        return ""


def shown(url: str, base: str = "") -> str:
    """`url` resolved against `base` as a reader may open it, or "" when it is no http or https address."""
    if not url.strip():
        return ""
    if len(url) <= MAX_CHARACTERS and _AS_IT_IS.fullmatch(url):
        return url
    try:
        joined = urljoin(base, url.strip()) if base else url.strip()
        parts = urlsplit(joined)
        return joined if parts.scheme.lower() in _DEFAULT_PORTS and parts.hostname and len(joined) <= MAX_CHARACTERS else ""
    except ValueError:
        return ""

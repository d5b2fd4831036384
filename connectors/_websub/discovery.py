"""Which hubs push a feed, and under which name: what its answer and its document say (WebSub, section 4). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from pipeline.outgoing.address import url_problem

MAX_HUBS = 5
_MAX_HEADER_CHARACTERS = 10_000
_MAX_ADDRESS_CHARACTERS = 1_000
# RFC 8288, section 3: <target>; name="value"; name=value, ...
_LINK = re.compile(r"<([^<>\"]{1,1000})>((?:[^\",<]|\"[^\"]{0,1000}\"){0,1000})")
_RELATION = re.compile(r"(?:^|;)\s*rel\s*=\s*(?:\"([^\"]{0,200})\"|([^\s;,\"]{1,200}))", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """The hubs in the order of their naming; none for a feed that is not pushed. `topic` is the feed's own name for itself."""

    hubs: tuple[str, ...] = ()
    topic: str = ""


def named(headers: Mapping[str, str], hubs: Sequence[str], own_address: str, url: str) -> Named:
    """What is named in the Link headers, or else in the document (`hubs`, `own_address`); `url` is where the document was.

    A feed that names a hub but not itself is known to it under its address. Addresses that may never be asked are left out.
    """
    links = list(_links(headers.get("link", ""), url))
    hubs = [each for relation, each in links if relation == "hub"] or list(hubs)
    own = next((each for relation, each in links if relation == "self"), "") or own_address
    usable = tuple(dict.fromkeys(each for each in hubs if _is_usable(each)))[:MAX_HUBS]
    return Named(usable, own if _is_usable(own) else url) if usable else Named()


def _links(header: str, url: str) -> Iterator[tuple[str, str]]:
    """Pairs of relation and absolute address."""
    for target, parameters in _LINK.findall(header[:_MAX_HEADER_CHARACTERS]):
        if not (relation := _RELATION.search(parameters)):
            continue
        try:
            address = urljoin(url, target.strip())
        except ValueError:
            continue
        for each in (relation[1] or relation[2] or "").lower().split():
            yield each, address


def _is_usable(address: str) -> bool:
    return bool(address) and len(address) <= _MAX_ADDRESS_CHARACTERS and address.isprintable() and not url_problem(address)

"""Which addresses may be reached: decided on the resolved address, so that no name can lead inside. Pure: nothing is resolved here."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Ways to write an IPv4 address into an IPv6 one: 6to4 (RFC 3056), Teredo (RFC 4380), NAT64 (RFC 6052, RFC 8215). Where such a packet comes out
# is decided by a relay, not by us, so none of them is public.
_CARRIERS = tuple(ipaddress.IPv6Network(each) for each in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48"))


_MAX_HOST_CHARACTERS = 254
# A part of a host's name; letters of all scripts, because names are written as people read them.
_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")


def is_public(address: Address) -> bool:
    """Whether `address` is on the open internet: not private, loopback, link-local (cloud metadata), shared (100.64/10), multicast or reserved."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        # Python calls the old site-local addresses (fec0::/10, RFC 3879) global.
        if address.is_site_local or any(address in carrier for carrier in _CARRIERS):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback)


class Guard:
    """Says which addresses of a host may be connected to: public ones, and what was allowed by name."""

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        """`allowed` names hosts, addresses or networks that may be private. Raises ValueError for what is none of them."""
        self._networks = []
        self._hosts = set()
        for each in allowed:
            if problem := allowance_problem(each):
                raise ValueError(problem)
            try:
                self._networks.append(ipaddress.ip_network(each, strict="/" in each))
            except ValueError:
                self._hosts.add(each.lower().rstrip("."))

    def first_refused(self, host: str, addresses: Iterable[str]) -> str:
        """The first of `addresses`, as `host` resolved to, that may not be connected to; "" when all may. What is no IP address is refused."""
        return next((text for text in addresses if not self._may_connect(host, text)), "")

    def _may_connect(self, host: str, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text.split("%", 1)[0])
        except ValueError:
            return False
        plain = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped else address
        named = host.lower().rstrip(".") in self._hosts
        return is_public(address) or named or any(each in network for each in (address, plain) for network in self._networks)


def allowance_problem(text: str) -> str:
    """Why `text` cannot be a host, an address or a network, as a sentence; "" when it can."""
    try:
        ipaddress.ip_network(text, strict="/" in text)
    except ValueError as error:
        if "/" in text:
            return str(error)
        labels = text.removesuffix(".").split(".")
        # A last part of digits alone makes it an address for every resolver (RFC 3986, 3.2.2), and an address it was not.
        if len(text) > _MAX_HOST_CHARACTERS or not all(_LABEL.fullmatch(each) for each in labels) or labels[-1].isdigit():
            return f"{text[:100]!r} is no host, address or network: write for example wiki.example.org, 10.1.2.3 or 10.0.0.0/8"
    return ""


def _possible(text: str) -> str:
    if problem := allowance_problem(text):
        raise ValueError(problem)
    return text


# An entry of an option `allow_private`.
Allowance = Annotated[str, AfterValidator(_possible)]


def url_problem(url: str) -> str:
    """Why `url` may not be requested at all, to be put after its name: another scheme, credentials in it, no host. "" when it may."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        # The exception quotes the part it cannot read, which may be a password.
        return "is no address: its host or its port cannot be read"
    if parts.scheme.lower() not in ("http", "https") or not host:
        return "is no http or https address"
    if parts.username is not None or parts.password is not None:
        return "is an address with a user name or password in it: give them as a header from a secret"
    return ""


def without_query(url: str) -> str:
    """`url` for messages: no credentials, no query (it may hold keys), at most 200 characters."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"[:200] if rest else url.partition("?")[0][:200]

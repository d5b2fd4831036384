"""Which addresses a fetch may connect to: decided on the resolved address, so that no name can lead inside."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

# Ways to write an IPv4 address into an IPv6 one: 6to4 (RFC 3056), Teredo (RFC 4380), NAT64 (RFC 6052, RFC 8215).
_CARRIERS = tuple(ipaddress.IPv6Network(each) for each in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48"))


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of `host`, by the system's resolver, which has time limits of its own."""
    return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: Address) -> bool:
    """Whether `address` is on the open internet: not private, loopback, link-local (cloud metadata), shared (100.64/10), multicast or reserved."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if any(address in carrier for carrier in _CARRIERS):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback)


class Guard:
    """Resolves a host once and says which of its addresses may be connected to."""

    def __init__(self, allowed: Sequence[str] = (), resolver: Resolve = resolve) -> None:
        """`allowed` names hosts, addresses or networks that may be private. Raises ValueError for a network that is none."""
        self._networks = []
        self._hosts = set()
        for each in allowed:
            try:
                self._networks.append(ipaddress.ip_network(each, strict="/" in each))
            except ValueError:
                if "/" in each:
                    raise
                self._hosts.add(each.lower().rstrip("."))
        self._resolve = resolver

    def addresses(self, host: str, port: int) -> list[str]:
        """The checked addresses of `host`. Raises Permanent when one of them is not allowed, Transient when there is none."""
        try:
            texts = list(dict.fromkeys(self._resolve(host, port)))
        except (OSError, UnicodeError) as error:
            raise Transient(f"the name {host} cannot be resolved ({error}): check the address and the name service") from error
        if not texts:
            raise Transient(f"the name {host} has no address: check the address and the name service")
        for text in texts:
            if not self._may_connect(host, text):
                raise Permanent(
                    Rejection.INVALID,
                    f"{host} leads to {text}, which is not on the open internet; if that is meant, add {host} to the source's allow_private",
                )
        return texts

    def _may_connect(self, host: str, text: str) -> bool:
        address = ipaddress.ip_address(text.split("%", 1)[0])
        plain = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped else address
        return is_public(address) or host.lower().rstrip(".") in self._hosts or any(plain in network for network in self._networks)


def check_url(url: str) -> None:
    """Return when `url` may be requested at all. Raises Permanent for another scheme, credentials in it, or no host."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise Permanent(Rejection.INVALID, f"{without_query(url)} is no address: {error}") from error
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise Permanent(Rejection.INVALID, f"{without_query(url)} is no http or https address")
    if parts.username is not None or parts.password is not None:
        raise Permanent(Rejection.INVALID, f"the address at {host} holds a user name or password: give them as a header from a secret")


def without_query(url: str) -> str:
    """`url` for messages: no credentials, no query (it may hold keys), at most 200 characters."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"[:200] if rest else url.partition("?")[0][:200]

"""Which addresses may be reached. Pure: nothing is resolved or connected."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.outgoing.address import Guard, is_public, url_problem, without_query

PRIVATE = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "fec0::1", "::ffff:127.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2002:808:808::", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001:0:1::", "2001:0:4136:e378:8000:63bf:f7f7:f7f7", "ff02::1", "198.18.0.1", "192.0.2.1"]  # fmt: skip
PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"]
V4 = st.ip_addresses(v=4)


@pytest.mark.parametrize("text", PRIVATE)
def test_addresses_that_are_not_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))
    assert Guard().first_refused("a.example", ["8.8.8.8", text]) == text


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_that_are_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))
    assert Guard().first_refused("a.example", [text]) == ""


@pytest.mark.parametrize(
    ("allowed", "host", "address"),
    [
        ("10.0.0.7", "a.example", "10.0.0.7"),
        ("10.0.0.0/8", "a.example", "10.0.0.7"),
        ("10.0.0.0/8", "a.example", "::ffff:10.0.0.7"),
        ("::ffff:10.0.0.0/104", "a.example", "::ffff:10.0.0.7"),
        ("Feeds.Example", "feeds.example.", "10.0.0.7"),
        ("localhost", "LOCALHOST", "::1"),
        ("::1", "localhost", "::1"),
        ("fe80::/10", "a.example", "fe80::1%eth0"),
        ("2002::/16", "a.example", "2002:a00:1::"),
        ("a.example", "a.example", "64:ff9b::a00:1"),
    ],
)
def test_what_is_allowed_by_name_may_be_private(allowed: str, host: str, address: str) -> None:
    assert Guard().first_refused(host, [address]) == address
    assert Guard([allowed]).first_refused(host, [address]) == ""


@pytest.mark.parametrize(
    ("allowed", "host", "address"),
    [
        ("10.0.0.0/8", "a.example", "11.0.0.1.example"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
        ("feeds.example", "evil.feeds.example", "10.0.0.7"),
        ("10.0.0.0/8", "a.example", "2002:a00:1::"),
        ("10.0.0.0/8", "a.example", "64:ff9b::a00:1"),
        ("0.0.0.0/0", "a.example", "::1"),
    ],
)
def test_what_was_allowed_opens_nothing_else(allowed: str, host: str, address: str) -> None:
    assert Guard([allowed]).first_refused(host, [address]) == address


@pytest.mark.parametrize("wrong", ["10.0.0.1/8", "10.0.0.0/33", "feeds.example/24"])
def test_a_network_that_is_none_is_told(wrong: str) -> None:
    with pytest.raises(ValueError, match="/"):
        Guard([wrong])


@given(V4)
@settings(deadline=None, max_examples=200)
def test_an_ipv4_address_in_ipv6_clothes_is_never_more_public_than_itself(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    assert is_public(ipaddress.IPv6Address(0xFFFF << 32 | number)) == is_public(address)
    for carried in (number, 0x2002 << 112 | number << 80, 0x0064_FF9B << 96 | number, 0x2001 << 112 | (number ^ 0xFFFF_FFFF)):
        assert not is_public(ipaddress.IPv6Address(carried))


@given(V4, st.integers(8, 32))
@settings(deadline=None, max_examples=100)
def test_every_address_of_an_allowed_network_may_be_reached(address: ipaddress.IPv4Address, bits: int) -> None:
    network = ipaddress.ip_network(f"{address}/{bits}", strict=False)
    assert Guard([str(network)]).first_refused("a.example", [str(address)]) == ""


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://a.example/feed?key=1", ""),
        ("HTTP://[::1]:8080", ""),
        ("ftp://a.example/", "no http or https"),
        ("file:///etc/passwd", "no http or https"),
        ("https://", "no http or https"),
        ("nonsense", "no http or https"),
        ("", "no http or https"),
        ("https://u:geheim@a.example/", "user name or password"),
        ("https://@a.example/", "user name or password"),
        ("https://a.example:geheim/", "cannot be read"),
        ("https://a.example:99999/", "cannot be read"),
        ("https://geheim\u2100.example/", "cannot be read"),
        ("http://[geheim/", "cannot be read"),
    ],
)
def test_an_address_that_may_not_be_requested_is_told_without_what_it_holds(url: str, words: str) -> None:
    problem = url_problem(url)
    assert words in problem and bool(words) == bool(problem)
    assert "geheim" not in problem


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=200)
def test_any_text_has_a_verdict(text: str) -> None:
    assert isinstance(url_problem(text), str)
    assert isinstance(url_problem(f"http://{text}"), str)
    assert Guard([]).first_refused("a.example", [text]) in (text, "")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@a.example/x?key=1#f", "https://a.example/x"),
        ("https://a.example?key=1", "https://a.example"),
        ("a.example?key=1", "a.example"),
        ("https://a.example/" + "x" * 300, "https://a.example/" + "x" * 182),
    ],
)
def test_addresses_are_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert without_query(url) == shown

"""Articles as JSON with any names: which fields tell versions, withdrawals and embargoes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors import _json_article
from connectors._item import Item
from connectors._wire.statuses import WITHDRAWN
from pipeline.errors import Permanent


def read(**fields: Any) -> Item:
    return _json_article.read(json.dumps(fields).encode())


def test_a_name_under_uri_is_the_id_of_all_versions_and_an_address_is_none() -> None:
    assert read(uri="urn:agency:n1", headline="Eins").guid == read(uri="urn:agency:n1", headline="Zwei").guid == "urn:agency:n1"
    found = read(uri="https://www.example.org/1", headline="Eins")
    assert (found.guid, found.url) == ("", "https://www.example.org/1")


def test_a_withdrawal_without_words_reaches_those_who_were_told() -> None:
    found = read(uri="urn:k33", version="2", pubstatus="canceled")
    assert (found.guid, found.title, found.pubstatus) == ("urn:k33", WITHDRAWN, "canceled")


@pytest.mark.parametrize("name", ["embargo", "embargoed", "embargoed_until", "embargoDate", "embargo-until"])
def test_an_embargo_counts_under_every_name(name: str) -> None:
    found = read(title="Eins", **{name: "2099-01-01T12:00:00+01:00"})
    assert found.embargoed_at is not None and found.embargoed_at.year == 2099
    for wrong in ("tomorrow", "2099-01-01T12:00:00", True, 4_070_908_800, {"until": "2099"}, " "):
        with pytest.raises(Permanent, match="nothing is released"):
            read(title="Eins", **{name: wrong})
    assert read(title="Eins", **{name: None}).embargoed_at is None and read(title="Eins", **{name: False}).embargoed_at is None

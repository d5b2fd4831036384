"""What tests of the whole share: a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.console_pages import browsing


@pytest.fixture(scope="module")
def chrome() -> Iterator[Chrome]:
    with browsing() as found:
        yield found

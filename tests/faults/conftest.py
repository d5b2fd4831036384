"""Fixtures of the fault tests."""

from __future__ import annotations

import gc
import os
import random
import warnings
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.embedded.servers import Servers
from tests.conftest import open_folder


@pytest.fixture(scope="session")
def seed() -> int:
    """What the faults' moments come from; LAGEBILD_FAULT_SEED repeats a run."""
    return int(os.environ.get("LAGEBILD_FAULT_SEED") or random.SystemRandom().randrange(1_000_000))


@pytest.fixture
def chance(seed: int) -> random.Random:
    print(f"LAGEBILD_FAULT_SEED={seed}")  # noqa: T201
    return random.Random(seed)


@pytest.fixture(scope="session")
def _victims(packages_folder: Path) -> Generator[Servers]:
    with ExitStack() as stack:
        yield stack.enter_context(Servers(open_folder(stack), packages_folder=packages_folder))


@pytest.fixture
def victims(_victims: Servers) -> Servers:
    """A Kafka and an Elasticsearch that a test may kill; both run when it begins."""
    _victims.kafka.start()
    _victims.elasticsearch.start()
    return _victims


@pytest.fixture(autouse=True)
def _sockets_of_a_dead_broker() -> Generator[None]:
    """kafka-python 3.0.12 leaves sockets to a broker that refuses to the garbage collector: collected here, where it is expected."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for each in items:
        if Path(__file__).parent in each.path.parents:
            each.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))

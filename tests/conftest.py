"""What tests share: the order they run in, and real servers."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.embedded.folder import DataFolder, default_path
from pipeline.embedded.servers import Servers
from pipeline.lexicon import store

if TYPE_CHECKING:
    from tests.channels import Channel

# Their assertions speak like those of tests. Here, because other folders' tests import them too.
for _name in ("audit", "ledger", "system"):
    pytest.register_assert_rewrite(f"tests.faults.{_name}")

# Quick ones first, so that a broken rule is seen before the servers have started; within each folder the order is random.
_ORDER = ("unit", "contract", "habits", "end_to_end", "faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((_ORDER.index(part) for part in item.path.parts if part in _ORDER), 0))


def open_folder(stack: ExitStack) -> Path:
    """A folder that every user may enter, so that servers which do not run as root reach it; deleted with the stack."""
    folder = Path(tempfile.mkdtemp(prefix="lagebild-tests-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def packages_folder() -> Path:
    """Where the servers were downloaded to: the normal place, so that tests download nothing twice."""
    return DataFolder.at(default_path()).packages


def elasticsearch_version() -> str:
    """The version that LAGEBILD_TEST_ELASTICSEARCH names; "" for the usual one. `deploy/test.sh` runs some tests on the next major too."""
    return os.environ.get("LAGEBILD_TEST_ELASTICSEARCH", "")


@pytest.fixture(scope="session")
def servers(packages_folder: Path) -> Generator[Servers]:
    """One Kafka and one Elasticsearch for the whole run, started when a test first asks. Use topics and indices of your own; do not stop them."""
    with ExitStack() as stack:
        made = Servers(open_folder(stack), packages_folder=packages_folder, elasticsearch_version=elasticsearch_version())
        yield stack.enter_context(made)


@pytest.fixture(scope="session")
def kafka_servers(servers: Servers) -> str:
    return servers.addresses.kafka


@pytest.fixture(scope="session")
def elasticsearch_url(servers: Servers) -> str:
    return servers.addresses.elasticsearch


@pytest.fixture
def open_data_folder() -> Generator[Path]:
    with ExitStack() as stack:
        folder = open_folder(stack) / "with a space"
        folder.mkdir(mode=0o755)
        yield folder


@pytest.fixture
def fresh_servers(packages_folder: Path) -> Generator[Callable[..., Servers]]:
    """Starts servers of one's own, to kill and restart: `fresh_servers()`, or with settings for `elasticsearch.yml`."""
    with ExitStack() as stack:

        def started(settings: Mapping[str, str] | None = None, data_folder: Path | None = None) -> Servers:
            folder = data_folder or open_folder(stack)
            made = Servers(folder, packages_folder=packages_folder, settings=settings, elasticsearch_version=elasticsearch_version())
            return stack.enter_context(made)

        yield started


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[[str], Channel]]:
    """Opens the notifier of a name with its receiver on this machine."""
    from tests.channels import channel

    with ExitStack() as stack:
        yield lambda name: stack.enter_context(channel(name, tmp_path, monkeypatch.setenv))


@pytest.fixture(scope="session", autouse=True)
def _lexicon() -> None:
    """The German lexicon is built here when this machine has none yet: within a test it could take longer than the test may."""
    store.warm_up()


@pytest.fixture(scope="session", autouse=True)
def without_proxy() -> None:
    """A proxy named in the environment would stand between the tests and 127.0.0.1."""
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

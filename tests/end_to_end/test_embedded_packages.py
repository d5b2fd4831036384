"""The download, from a small Maven repository served on 127.0.0.1."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.embedded import packages
from pipeline.embedded.packages import DownloadFailed, File, Package, Step

JAR = b"jar" * 10_000


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("top-1.0/lib/inner.jar", "inner")
        archive.writestr("top-1.0/LICENSE.txt", "text")
        archive.writestr("top-1.0/../../outside", "must not be unpacked")
    return buffer.getvalue()


class Quiet(SimpleHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "maven"
    folder.mkdir()
    Quiet.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        monkeypatch.setenv("LAGEBILD_MAVEN_URL", f"http://127.0.0.1:{server.server_port}/")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder
        server.shutdown()
        thread.join()


def published(repository: Path, artifact: str, kind: str, content: bytes) -> File:
    path = repository / "org" / "example" / artifact / "1.0" / f"{artifact}-1.0.{kind}"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    path.with_name(path.name + ".sha1").write_text(hashlib.sha1(content).hexdigest())
    return File("org.example", artifact, "1.0", kind, len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def server_packages(repository: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Package, ...]:
    jars = tuple(published(repository, name, "jar", JAR + name.encode()) for name in ("one", "two"))
    archive = published(repository, "top", "zip", zipped())
    found = (
        Package("Jars", "1.0", "Apache-2.0", "a test", 1, 1, jars),
        Package("Zip", "1.0", "Apache-2.0", "a test", 1, 1, (archive,)),
    )
    monkeypatch.setattr(packages, "known", lambda elasticsearch_version="": found)
    return found


def test_everything_is_fetched_unpacked_and_never_asked_for_again(server_packages: tuple[Package, ...], tmp_path: Path) -> None:
    steps: list[Step] = []
    target = tmp_path / "packages"
    packages.fetch(target, steps.append)
    assert (target / "jars-1.0" / "one-1.0.jar").read_bytes() == JAR + b"one"
    assert (target / "zip-1.0" / "lib" / "inner.jar").read_text() == "inner"
    assert sorted(path.name for path in target.iterdir()) == ["jars-1.0", "lock", "zip-1.0"]
    assert not list(tmp_path.rglob("outside"))
    first = server_packages[0].size_bytes
    assert Step("downloading Jars 1.0", first, first) in steps
    asked = len(Quiet.asked)
    packages.fetch(target, steps.append)
    assert len(Quiet.asked) == asked


def test_a_file_that_is_not_the_pinned_one_is_refused_and_nothing_is_kept(
    server_packages: tuple[Package, ...], repository: Path, tmp_path: Path
) -> None:
    (repository / "org/example/two/1.0/two-1.0.jar").write_bytes(b"something else")
    with pytest.raises(DownloadFailed, match=r"org.example:two:1.0 cannot be downloaded .*its SHA-256 is .* is expected"):
        packages.fetch(tmp_path / "packages", lambda step: None)
    assert packages.plan(tmp_path / "packages").missing == server_packages


def test_a_file_that_is_missing_names_the_file_and_the_repository(
    server_packages: tuple[Package, ...], repository: Path, tmp_path: Path
) -> None:
    (repository / "org/example/top/1.0/top-1.0.zip").unlink()
    with pytest.raises(DownloadFailed, match=r"org.example:top:1.0 .*http://127.0.0.1:.*LAGEBILD_MAVEN_URL"):
        packages.fetch(tmp_path / "packages", lambda step: None)
    assert packages.plan(tmp_path / "packages").missing == server_packages[1:]


def test_what_an_interrupted_download_left_is_not_taken_for_whole(server_packages: tuple[Package, ...], tmp_path: Path) -> None:
    target = tmp_path / "packages"

    def interrupt(step: Step) -> None:
        if step.done_bytes > 10_000:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, DownloadFailed)):
        packages.fetch(target, interrupt)
    assert packages.plan(target).missing == server_packages
    packages.fetch(target, lambda step: None)
    assert (target / "jars-1.0" / "two-1.0.jar").read_bytes() == JAR + b"two"

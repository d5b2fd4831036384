"""The user the servers run as, and what that user can reach.

Elasticsearch refuses to run as root. When we are root, both servers run as `nobody`; whatever they read and write must then
be open to it, which a folder below /root never is.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

_OVERFLOW_ID = 65_534  # "nobody" on every Linux, where the name itself is missing


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


def for_servers() -> Account | None:
    """The account to change to, or None when we are an ordinary user and stay who we are."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(_OVERFLOW_ID, _OVERFLOW_ID)
    return Account(entry.pw_uid, entry.pw_gid)


def ids(account: Account | None) -> tuple[int | None, int | None]:
    """The uid and gid to change to, None where nothing changes."""
    return (account.uid, account.gid) if account else (None, None)


def barrier(path: Path, account: Account) -> Path | None:
    """The outermost folder on the way to `path`, or `path` itself, that the account cannot enter and read; None when it can.

    Looks at owner, group and mode only, as the kernel does where no access lists are set.
    """
    full = path.resolve()
    for each in [*reversed(full.parents), full]:
        needed = stat.S_IXOTH | (stat.S_IROTH if each == full else 0)
        if not _granted(each.stat(), account, needed):
            return each
    return None


def lend(path: Path, account: Account | None) -> None:
    """Makes a folder in which the account may create files of its own, but not replace ours: we write there again as root."""
    make_open(path)
    if account is not None:
        os.chown(path, -1, account.gid)
        path.chmod(0o1775)


def write_open(path: Path, text: str) -> None:
    """Writes a file that everybody may read, whatever the umask is."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def give(path: Path, account: Account | None) -> None:
    """Makes the folder, and all in it, the account's own. Without an account: only makes the folder."""
    path.mkdir(parents=True, exist_ok=True)
    if account is None:
        return
    for folder, _, files in os.walk(path):
        for each in (folder, *(os.path.join(folder, name) for name in files)):
            os.chown(each, account.uid, account.gid, follow_symlinks=False)


def make_open(path: Path) -> Path:
    """The folder, made, and open for everybody to enter and read."""
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_uid == os.geteuid():
        path.chmod(0o755)
    return path


def copy_open(source: Path, target: Path) -> Path:
    """`target`, now a copy of the folder `source` that everybody may read. An existing copy is taken as it is."""
    if target.exists():
        return target
    half = target.with_name(target.name + ".part")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(source, half, symlinks=True)
    for folder, _, files in os.walk(half):
        os.chmod(folder, 0o755)
        for name in files:
            file = Path(folder, name)
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
    half.replace(target)
    return target


def _granted(status: os.stat_result, account: Account, needed_by_others: int) -> bool:
    if status.st_uid == account.uid:
        needed = needed_by_others << 6
    elif status.st_gid == account.gid:
        needed = needed_by_others << 3
    else:
        needed = needed_by_others
    return status.st_mode & needed == needed

"""Under which account the server's programs run, since PostgreSQL refuses to be run by root.

An ordinary user simply runs them. Root runs them in a user namespace in which root is called user
1000: nothing changes hands, and folders only root may enter stay as they are. Where namespaces are
refused (many containers), a service user runs a private copy of the programs, because the originals
may lie where that user can't go; so may the data, and then only a person can help.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.errors import StoreError

NAMESPACE = ("--user", "--map-user=1000", "--map-group=1000")
SERVICE_USERS = ("postgres", "nobody")
PROGRAMS = ("postgres", "initdb")


@dataclass(frozen=True, slots=True)
class Account:
    """How to run a program of the installation: `prefix` before it, as `uid`:`gid` if given."""

    install: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    @property
    def owner(self) -> int:
        """User id that owns the files of the server, as seen from here."""
        return os.geteuid() if self.uid is None else self.uid

    def command(self, program: str, *arguments: str) -> list[str]:
        return [*self.prefix, str(self.install / "bin" / program), *arguments]

    def options(self) -> dict[str, Any]:
        """Keyword arguments for subprocess. The environment carries no locale and no PG* default."""
        foreign = ("PG", "LC_", "LANG", "TZ")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        options: dict[str, Any] = {"env": environment | {"LC_ALL": "C"}}
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def version(self) -> str:
        """Version of the server's programs, such as `18.6`. Raises StoreError if they can't be run."""
        try:
            answer = subprocess.run(
                self.command("postgres", "--version"),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=True,
                **self.options(),
            )
        except (OSError, subprocess.SubprocessError) as e:
            detail = " ".join((getattr(e, "stderr", None) or str(e)).split())
            raise StoreError(f"the embedded PostgreSQL can't be run here: {detail}") from e
        return str(answer.stdout).split()[-1]  # postgres (PostgreSQL) 18.6

    def take(self, path: Path) -> None:
        """Make the server's files under `path` this account's; root only, when the way to run changed."""
        if path.lstat().st_uid == self.owner:
            return
        owner, group = self.owner, os.getegid() if self.gid is None else self.gid
        os.chown(path, owner, group)
        for parent, folders, files in os.walk(path):
            for name in folders + files:
                os.lchown(Path(parent) / name, owner, group)


def find_account(install: Path, folder: Path) -> Account:
    """The account for the programs of `install`, data under `folder`. Raises StoreError if none will do."""
    account = Account(install)
    if os.geteuid() == 0:
        unshare = shutil.which("unshare")
        account = Account(install, (unshare, *NAMESPACE)) if unshare else account
        if not unshare or not _runs(account):
            account = _service_account(install, folder)
    return account


def _runs(account: Account) -> bool:
    try:
        account.version()
    except StoreError:
        return False
    return True


def _service_account(install: Path, folder: Path) -> Account:
    for name in SERVICE_USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        for parent in folder.parents:
            if not parent.stat().st_mode & 0o001:
                raise StoreError(
                    f"PostgreSQL does not run as root and must run as user {name} here, who may not enter"
                    f" {parent}: set ETL_HOME to a place like /var/lib/jingqing, or allow `unshare --user`"
                )
        folder.chmod(0o711)
        return Account(_private_copy(install, folder), (), user.pw_uid, user.pw_gid)
    raise StoreError("PostgreSQL does not run as root: run as an ordinary user, or allow `unshare --user`")


def _private_copy(install: Path, folder: Path) -> Path:
    """The programs copied to a place under `folder` that everybody may read; made once per version."""
    version = subprocess.run(
        [install / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[-1]
    copy = folder / f"programs-{version}"
    if not copy.exists():
        new = Path(tempfile.mkdtemp(prefix="programs.", dir=folder))
        # The programs find their libraries by a path relative to their own.
        inner = new / install.parent.name / install.name
        (inner / "bin").mkdir(parents=True)
        for program in PROGRAMS:
            shutil.copy(install / "bin" / program, inner / "bin")
        for part in ("lib", "share"):
            shutil.copytree(install / part, inner / part, symlinks=True)
        libraries = install.parent.parent / f"{install.parent.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, new / libraries.name)
        for parent, _, files in os.walk(new):
            for path in (Path(parent), *(Path(parent) / name for name in files)):
                path.chmod(0o755)
        new.rename(copy)
    return copy / install.parent.name / install.name

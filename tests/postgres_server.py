"""A real PostgreSQL for tests: a fresh cluster in a temporary folder, stopped at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def missing() -> str:
    """Why there is none, or nothing."""
    if not _BIN and shutil.which("initdb") is None:
        return "PostgreSQL is not installed (Debian: postgresql)"
    if os.getuid() == 0 and not _user():
        return "PostgreSQL does not run as root and there is no user to run it as"
    return ""


def _user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), "")


def _program(name: str) -> str:
    return str(_BIN[-1] / name) if _BIN else str(shutil.which(name))


def _run(*command: str) -> None:
    prefix = ["runuser", "-u", _user(), "--"] if os.getuid() == 0 else []
    done = subprocess.run(
        [*prefix, *command], check=False, capture_output=True, text=True, cwd="/"
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout[-500:]} {done.stderr[-500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*, durable: bool = True) -> Iterator[str]:
    """The URL of an empty database ``test``; it takes TCP on loopback only. Commits reach the
    disk (fsync), unless ``durable`` is false."""
    folder = Path(tempfile.mkdtemp(prefix="elicense-pg-"))
    data, port = folder / "data", _free_port()
    if os.getuid() == 0:
        shutil.chown(folder, _user())
    try:
        _run(_program("initdb"), "-D", str(data), "-U", "test", "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync")  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        options += "" if durable else " -c fsync=off"
        _run(_program("pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"),
             "-o", options, "start")  # fmt: skip
        try:
            _run(_program("createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "test", "test")
            yield f"postgresql://test@127.0.0.1:{port}/test"
        finally:
            _run(_program("pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)

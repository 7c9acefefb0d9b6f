"""Writing results: whole or not at all, and never over what is there unless asked."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from elicense.errors import UsageError


def write_new(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write ``data`` to ``path`` through a temporary file beside it.

    UsageError ``output.exists`` if it is there and ``overwrite`` is not set,
    ``output.unwritable`` if the folder does not take it.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    except OSError as error:
        detail = f"cannot be written: {error.strerror or error}"
        raise UsageError("output.unwritable", detail, place=str(path)) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        if overwrite:
            temporary.replace(path)
        else:
            _link(temporary, path)
    except FileExistsError as error:
        raise exists(path) from error
    except OSError as error:
        detail = f"cannot be written: {error.strerror or error}"
        raise UsageError("output.unwritable", detail, place=str(path)) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def exists(path: Path) -> UsageError:
    return UsageError("output.exists", "the file exists; -f overwrites it", place=str(path))


def _link(temporary: Path, path: Path) -> None:
    """Give the file its name unless somebody has it, in one step where the system can."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(str(path)) from None
        temporary.replace(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

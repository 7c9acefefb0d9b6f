"""Results of many files as a table, CSV or JSON Lines; an interrupted run goes on with it.

A row says which bytes were judged (size, time of change, SHA-256) and how (times, trust
store, policy and settings). A file whose row still fits all of that is not judged again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from elicense.batch import Result, Task
from elicense.errors import Error, UsageError

SUFFIXES = (".csv", ".jsonl")
COLUMNS = (
    "file", "verdict", "code", "reason", "message", "type", "number", "identifier", "container",
    "size", "mtime", "sha256", "at", "now", "trust", "policy", "settings",
)  # fmt: skip
"""``verdict`` is VALID, INVALID, INDETERMINATE or UNREADABLE; ``code``, ``reason`` and
``message`` are those of the finding that decided, or of the error. ``mtime`` is in
nanoseconds, ``trust`` the store's digest, ``settings`` a digest of policy, limits and options."""
UNREADABLE = "UNREADABLE"
_SAME_RUN = timedelta(days=1)  # a run is continued with its own times for so long
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")  # a spreadsheet would calculate or hide these
Row = dict[str, str]


@dataclass(slots=True)
class Run:
    """One run with its table open. ``todo`` are the files to judge, ``kept`` the rows of those
    that need not be; ``task`` may have the times of the run that is continued."""

    path: Path
    task: Task
    names: Sequence[str]
    language: str
    kept: dict[str, Row]
    rows: dict[str, Row] = field(default_factory=dict)
    _settings: str = ""
    _file: TextIO | None = None

    @property
    def todo(self) -> list[str]:
        return [name for name in self.names if name not in self.kept]

    def add(self, result: Result, data: bytes | None = None) -> None:
        """Write the row of one result at once; an interrupted run keeps it."""
        assert self._file is not None
        self._settings = self._settings or settings(self.task)
        row = row_of(
            result, self.task, settings=self._settings, language=self.language, data=data
        )  # fmt: skip
        self.rows[result[0]] = row
        self._file.write(_written([row], self.path))
        self._file.flush()

    def close(self) -> None:
        """Put the rows into the order of the files. Safe to call twice."""
        if self._file is None:
            return
        self._file.close()
        self._file = None
        done = {**self.kept, **self.rows}
        if self.kept and self.rows:
            order = [name for name in self.names if name in done]
            order += [name for name in done if name not in set(order)]
            _replace(self.path, [done[name] for name in dict.fromkeys(order)])


def begin(
    path: str | Path, *, names: Sequence[str], task: Task, resume: bool, fixed: bool,
    language: str,
) -> Run:  # fmt: skip
    """Open the table of a run over ``names``. ``fixed`` says that the times of ``task`` were
    asked for; otherwise a run of the last day is continued with its own.

    UsageError for a name that ends neither in .csv nor in .jsonl, for a file that is there
    without ``resume``, and for one that is no such table.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError("results.name", "must end in .csv or .jsonl", place=str(path))
    if path.exists() and not resume:
        raise UsageError("results.exists", "it is there; give --resume to go on with it, or "
                         "remove it", place=str(path))  # fmt: skip
    rows = _read(path) if path.exists() else []
    if rows and not fixed:
        task = _continued(task, rows)
    run = Run(path, task, names, language, _kept(rows, names, task))
    try:
        _replace(path, run.kept.values())
        run._file = path.open("a", encoding="utf-8", newline="")
    except OSError as exc:
        raise _unwritable(path, exc) from exc
    return run


def _unwritable(path: Path, exc: OSError) -> UsageError:
    return UsageError("results.write", exc.strerror or str(exc), place=str(path))


def _continued(task: Task, rows: Iterable[Row]) -> Task:
    """The times of the last run over the same trust and settings, if it is of today."""
    for row in reversed(list(rows)):
        same = (row["trust"], row["settings"]) == (task.trust.digest, settings(task))
        moment, fresh = _moment(row["at"]), _moment(row["now"])
        if same and moment and fresh and timedelta() <= task.at - moment < _SAME_RUN:
            return replace(task, at=moment, now=fresh)
    return task


def _moment(text: str) -> datetime | None:
    with suppress(ValueError):
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return None


def _kept(rows: Iterable[Row], names: Sequence[str], task: Task) -> dict[str, Row]:
    """The rows that still hold, in the order of the files."""
    wanted = {
        "at": _time(task.at), "now": _time(task.now), "trust": task.trust.digest,
        "settings": settings(task),
    }  # fmt: skip
    by_name = {row["file"]: row for row in rows}  # the last row of a file counts
    kept = {}
    for name in names:
        row = by_name.get(name)
        if row is not None and all(row[key] == value for key, value in wanted.items()):
            size, mtime = _state(name)
            if (row["size"], row["mtime"]) == (size, mtime) and row["sha256"] == _sha256(name):
                kept[name] = row
    return kept


def _state(name: str) -> tuple[str, str]:
    """Size and time of change; empty where there is no such file."""
    try:
        found = Path(name).stat()
    except (OSError, ValueError):
        return "", ""
    return str(found.st_size), str(found.st_mtime_ns)


def _sha256(name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def settings(task: Task) -> str:
    """A digest of all beside trust and times that an answer depends on."""
    from elicense.ocr import engine

    values = {
        "policy": asdict(task.policy), "limits": asdict(task.limits), "ocr": task.ocr,
        "reader": task.ocr and engine.available().ok, "compared": task.compared,
        **({"receiver": task.receiver} if task.receiver else {}),
        "companions": [one.sha256 for one in task.companions],
    }  # fmt: skip
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def row_of(
    result: Result, task: Task, *, settings: str, language: str, data: bytes | None = None
) -> Row:
    """One result as the texts of a row. ``data``: the bytes, where there is no file."""
    name, outcome = result
    size, mtime = _state(name) if data is None else (str(len(data)), "")
    row: dict[str, Any] = dict.fromkeys(COLUMNS, "")
    row |= {
        "file": name, "size": size, "mtime": mtime, "at": _time(task.at), "now": _time(task.now),
        "trust": task.trust.digest, "policy": task.policy.name, "settings": settings,
    }  # fmt: skip
    if isinstance(outcome, Error):
        sha256 = _sha256(name) if data is None else hashlib.sha256(data).hexdigest()
        return row | {"verdict": UNREADABLE, "code": outcome.code, "message": str(outcome),
                      "sha256": sha256}  # fmt: skip
    first = outcome.deciding[0] if outcome.deciding else None
    licence = outcome.licence
    row |= {"verdict": str(outcome.verdict), "sha256": outcome.evidence.sha256,
            "container": outcome.evidence.container}  # fmt: skip
    if first is not None:
        row |= {"code": first.code, "reason": first.reason, "message": first.message(language)}
    if licence is not None:
        row |= {"type": licence.type, "number": licence.number, "identifier": licence.identifier}
    return row


# -- the file ---------------------------------------------------------------------------


def _written(rows: Iterable[Mapping[str, str]], path: Path) -> str:
    if path.suffix.lower() == ".jsonl":
        return "".join(
            json.dumps({key: row[key] for key in COLUMNS}, ensure_ascii=True) + "\n"
            for row in rows
        )  # fmt: skip
    out = io.StringIO()
    csv.writer(out).writerows([_cell(row[key]) for key in COLUMNS] for row in rows)
    return out.getvalue()


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula; a lone surrogate of a file name escaped."""
    plain = text.encode("utf-8", "backslashreplace").decode()
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


def _replace(path: Path, rows: Iterable[Row]) -> None:
    """The whole table anew, or not at all."""
    part = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    head = "" if path.suffix.lower() == ".jsonl" else "\ufeff" + ",".join(COLUMNS) + "\r\n"
    try:
        part.write_text(head + _written(rows, path), "utf-8", newline="")
        part.replace(path)
    except OSError as exc:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise _unwritable(path, exc) from exc


def _read(path: Path) -> list[Row]:
    """The rows of an earlier run; one that was cut off at the end is left out."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError("results.read", f"not a table of results: {exc}", place=str(path)) from exc
    whole = text[: text.rfind("\n") + 1]
    rows = _json_rows(whole, path) if path.suffix.lower() == ".jsonl" else _csv_rows(whole, path)
    return [row for row in rows if row["verdict"]]


def _json_rows(text: str, path: Path) -> list[Row]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict) or set(row) != set(COLUMNS):
            raise UsageError("results.read", f"line {number} is no row", place=str(path))
        rows.append({key: str(value) for key, value in row.items()})
    return rows


def _csv_rows(text: str, path: Path) -> list[Row]:
    try:
        table = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as exc:
        raise UsageError("results.read", f"not a table: {exc}", place=str(path)) from exc
    if text and (not table or tuple(table[0]) != COLUMNS):
        raise UsageError("results.read", "not a table of results", place=str(path))
    bare = ([cell.removeprefix("'") for cell in line] for line in table[1:])
    return [
        dict(zip(COLUMNS, line, strict=True)) for line in bare if len(line) == len(COLUMNS)
    ]  # fmt: skip

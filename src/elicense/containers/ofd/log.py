"""Where the readers of one package put the faults and notes they meet."""

from __future__ import annotations

from elicense.errors import LimitError
from elicense.evidence import Fault, Note

_MOST = 20_000
STRUCTURE = "container.structure"
COVERAGE = "coverage.document"


class Log:
    """Faults and notes in the order they were met, each said once."""

    __slots__ = ("_faults", "_notes")

    def __init__(self) -> None:
        self._faults: dict[tuple[str, str, str], Fault] = {}
        self._notes: dict[tuple[str, str], Note] = {}

    def fault(
        self, kind: str, place: str, detail: str, *, code: str = STRUCTURE, fatal: bool = True
    ) -> None:
        """Record something proven wrong or ambiguous."""
        key = (code, kind, place)
        known = self._faults.get(key)
        if len(self._faults) >= _MOST:
            raise LimitError("ofd.faults", "too much is wrong with the package")
        if known is None or (fatal and not known.fatal):
            self._faults[key] = Fault(code, kind, place, detail, fatal)

    def note(self, kind: str, place: str, detail: str) -> None:
        """Record a deviation that is tolerated."""
        if (kind, place) not in self._notes:
            if len(self._notes) >= _MOST:
                raise LimitError("ofd.notes", "too much is odd in the package")
            self._notes[kind, place] = Note(kind, place, detail)

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(self._faults.values())

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(self._notes.values())

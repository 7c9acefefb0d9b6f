"""The entries of one package with the parsed XML of those already looked at."""

from __future__ import annotations

from elicense.containers.ofd import xml
from elicense.containers.ofd.log import Log
from elicense.containers.ofd.zip import Archive
from elicense.errors import InputError, LimitError
from elicense.limits import Limits


class Source:
    """One package while it is being read; XML is parsed once an entry."""

    __slots__ = ("_steps", "archive", "limits", "log", "parsed")

    def __init__(self, archive: Archive, limits: Limits, log: Log) -> None:
        self.archive = archive
        self.limits = limits
        self.log = log
        self.parsed: dict[str, xml.Element | None] = {}
        self._steps = 0

    def spend(self, steps: int) -> None:
        """Count paths followed and resources looked up; LimitError past the cap.

        Each list of a package is bounded by its XML, but lists multiply: pages
        by resources, signatures by references.
        """
        self._steps += steps
        if self._steps > self.limits.xml_nodes:
            raise LimitError("ofd.steps", "the parts refer to one another too often")

    def load(self, place: str, *, fatal: bool, log: Log | None = None) -> xml.Element | None:
        """The root element of an entry, None with a fault where it cannot be parsed.

        A DOCTYPE is always a fatal fault, bad XML only where ``fatal`` says so.
        """
        if place in self.parsed:
            return self.parsed[place]
        to = log or self.log
        root: xml.Element | None = None
        try:
            root = xml.parse(self.archive.entries[place], place=place, limits=self.limits, log=to)
        except LimitError:
            raise
        except InputError as error:
            kind = error.code.replace(".", "-")
            to.fault(kind, place, error.detail, fatal=fatal or error.code == "xml.doctype")
        self.parsed[place] = root
        return root

"""OFD packages (GB/T 33190): strict reading, what is shown, what each seal covers.

``read(data)`` gives an :class:`OfdPackage`: bytes, digests and structure, no
judgement of the seals themselves. Text and images are read when asked for.
"""

from __future__ import annotations

from elicense.containers.ofd.model import OfdPackage
from elicense.containers.ofd.package import read_package, with_digest_prefix
from elicense.containers.ofd.text import page_images, page_lines, read_pages
from elicense.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "OfdPackage",
    "page_images",
    "page_lines",
    "read",
    "read_pages",
    "with_digest_prefix",
]


def read(data: bytes, limits: Limits = DEFAULT_LIMITS) -> OfdPackage:
    """Read one OFD file from its exact bytes.

    What is wrong in the package becomes a Fault of the package or of one
    signature; InputError is raised where there is no OFD to speak of (no ZIP
    directory, no OFD.xml) and LimitError where a cap of ``limits`` is passed.
    """
    return read_package(data, limits=limits)

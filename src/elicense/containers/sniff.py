"""What kind of file these bytes are, by content, never by name."""

from __future__ import annotations

from elicense.errors import InputError

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
    (b"GIF8", "GIF"),
)
# brands of ISO/IEC 23008-12 files coded in HEVC, and those that only say "an image"
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")


def sniff(data: bytes) -> str:
    """``pdf``, ``ofd``, ``asn1`` or ``image``. Raises InputError for anything else."""
    if not data:
        raise InputError("container.empty", "the file is empty", place="offset 0")
    head = data[:1024]
    if b"%PDF-" in head:
        return "pdf"
    if data[:2] == b"PK" or data.find(b"PK\x05\x06", max(0, len(data) - 66_000)) >= 0:
        return "ofd"
    if data[:2] == b"0\x82" or data[:2] == b"0\x83":
        return "asn1"
    if image_format(data):
        return "image"
    shown = data[:8].hex(" ")
    raise InputError(
        "container.unknown",
        f"neither PDF, OFD nor a seal, nor a picture (begins {shown})", place="offset 0",
    )  # fmt: skip


def image_format(data: bytes) -> str:
    """``PNG``, ``JPEG``, ``TIFF``, ``BMP``, ``GIF``, ``WEBP`` or ``HEIC``; empty for others."""
    for magic, name in _IMAGES:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return "HEIC" if data[4:8] == b"ftyp" and data[8:12] in _HEIC else ""

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
    if any(data.startswith(magic) for magic, _ in _IMAGES) or (
        data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    ):
        return "image"
    shown = data[:8].hex(" ")
    raise InputError(
        "container.unknown", f"neither PDF nor OFD nor a seal (begins {shown})", place="offset 0"
    )

"""Every cap on hostile input, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on what one file may cost. Sizes in bytes, times in seconds."""

    file_size: int = 512 * 1024 * 1024
    der_depth: int = 32
    der_nodes: int = 100_000
    # PDF
    pdf_objects: int = 500_000
    pdf_depth: int = 64
    pdf_revisions: int = 64
    pdf_stream_inflated: int = 64 * 1024 * 1024
    pdf_total_inflated: int = 256 * 1024 * 1024
    pdf_pages: int = 500
    render_seconds: float = 2.0  # of one page, the last resort after every other limit
    signatures: int = 64
    # OFD
    zip_entries: int = 10_000
    zip_entry_inflated: int = 64 * 1024 * 1024
    zip_total_inflated: int = 256 * 1024 * 1024
    zip_ratio: int = 200
    xml_size: int = 16 * 1024 * 1024
    xml_depth: int = 64
    xml_nodes: int = 500_000
    ofd_pages: int = 500
    # images and QR
    image_pixels: int = 64_000_000
    image_total_pixels: int = 512_000_000  # of all pages of a TIFF
    image_pages: int = 500
    scan_seconds: float = 20.0  # for codes and text of one scan; past it the rest is not done
    qr_inflated: int = 8 * 1024
    qr_codes: int = 16
    qr_pages: int = 8
    # certificates
    path_length: int = 8
    path_candidates: int = 64
    crl_size: int = 64 * 1024 * 1024
    status_list_size: int = 64 * 1024 * 1024
    status_list_inflated: int = 64 * 1024 * 1024
    status_index_size: int = 64 * 1024 * 1024
    # signed trust lists and bundles
    trust_list_size: int = 8 * 1024 * 1024
    trust_lists: int = 1024
    trust_authorities: int = 4096  # of one list
    trust_services: int = 16_384  # of one list
    trust_signers: int = 16  # signatures on one list
    bundle_size: int = 512 * 1024 * 1024  # the file, and all that is in it
    bundle_entries: int = 8192
    bundle_entry: int = 64 * 1024 * 1024
    # licence.json
    licence_size: int = 1024 * 1024
    licence_depth: int = 16


DEFAULT_LIMITS = Limits()

"""Stream filters: Flate with predictors, ASCIIHex, ASCII85 (ISO 32000-2, 7.4).

Inflation is bounded while it runs. Other filters (images) are left as they are:
nothing here needs their pixels.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable
from itertools import accumulate

from elicense.containers.pdf.lexer import Dictionary, Value
from elicense.errors import InputError, LimitError

MAX_FILTERS = 8
MAX_PREDICTED = 16 * 1024 * 1024  # bytes under predictor 2 (Up), as cross-references use it
MAX_MIXED = 512 * 1024  # bytes under any other, which are computed one by one


def filter_error(detail: str) -> InputError:
    return InputError("pdf.filter", detail)


def decode(raw: bytes, info: Dictionary, resolve: Callable[[Value], Value], *, limit: int) -> bytes:
    """The decoded bytes of a stream, at most ``limit`` of them.

    ``resolve`` turns a reference into its value. Raises InputError
    ``pdf.filter`` for an unknown or broken filter, LimitError past the limit.
    """
    if "F" in info:
        raise filter_error("the stream's data lies in another file")
    names = _as_list(resolve(info.get("Filter")))
    parameters = _as_list(resolve(info.get("DecodeParms")))
    if len(names) > MAX_FILTERS:
        raise LimitError("pdf.filters", "too many filters on one stream")
    for index, name in enumerate(names):
        parameter = resolve(parameters[index]) if index < len(parameters) else None
        raw = _apply(resolve(name), raw, _dictionary(parameter), resolve, limit)
    return raw


def _as_list(value: Value) -> list[Value]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _dictionary(value: Value) -> Dictionary:
    return value if isinstance(value, dict) else {}


def _apply(
    name: Value, raw: bytes, parameters: Dictionary, resolve: Callable[[Value], Value], limit: int
) -> bytes:
    if name in ("FlateDecode", "Fl"):
        return _unpredict(inflate(raw, limit=limit), parameters, resolve)
    if name in ("ASCIIHexDecode", "AHx"):
        return _ascii_hex(raw)
    if name in ("ASCII85Decode", "A85"):
        return _ascii_85(raw)
    raise filter_error(f"filter {name!s:.40} is not read here")


def inflate(raw: bytes, *, limit: int) -> bytes:
    """zlib data inflated to at most ``limit`` bytes; it must end by itself."""
    engine = zlib.decompressobj()
    try:
        out = engine.decompress(raw, limit + 1)
    except zlib.error as error:
        raise filter_error(f"not zlib data: {error}") from None
    if len(out) > limit:
        raise LimitError("pdf.inflate", f"a stream inflates past {limit} bytes")
    if not engine.eof:
        raise filter_error("zlib data is cut off")
    return out


def _ascii_hex(raw: bytes) -> bytes:
    digits = raw.partition(b">")[0].translate(None, b"\x00\t\n\x0c\r ")
    try:
        return binascii.unhexlify(digits + b"0" * (len(digits) % 2))
    except binascii.Error:
        raise filter_error("not ASCIIHex data") from None


def _ascii_85(raw: bytes) -> bytes:
    body = raw.partition(b"~")[0].translate(None, b"\x00\t\n\x0c\r ")
    try:
        return base64.a85decode(body)
    except ValueError:
        raise filter_error("not ASCII85 data") from None


def _unpredict(data: bytes, parameters: Dictionary, resolve: Callable[[Value], Value]) -> bytes:
    predictor = resolve(parameters.get("Predictor", 1))
    if predictor == 1:
        return data
    colors, bits, columns = (
        resolve(parameters.get(key, default))
        for key, default in (("Colors", 1), ("BitsPerComponent", 8), ("Columns", 1))
    )
    sane = (type(colors), type(bits), type(columns)) == (int, int, int)
    if not sane or not (0 < colors <= 32 and bits in (1, 2, 4, 8, 16) and 0 < columns < 1 << 24):
        raise filter_error("predictor parameters out of range")
    if type(predictor) is not int or not 10 <= predictor <= 15:
        raise filter_error(f"predictor {predictor!s:.10} is not read here")
    width = (colors * bits * columns + 7) // 8
    return _unpredict_png(data, width=width, step=max(1, colors * bits // 8))


def _unpredict_png(data: bytes, *, width: int, step: int) -> bytes:
    if len(data) % (width + 1):
        raise filter_error("predicted data is not whole rows")
    only_up = data[:: width + 1].count(2) * (width + 1) == len(data)
    if len(data) > (MAX_PREDICTED if only_up else MAX_MIXED):
        raise LimitError("pdf.predictor", "too much predicted data")
    if only_up:
        return _sum_rows(data, width)
    out = bytearray()
    above = bytes(width)
    for start in range(0, len(data), width + 1):
        row = bytearray(data[start + 1 : start + 1 + width])
        _unpredict_row(data[start], row, above, step)
        out += row
        above = bytes(row)
    return bytes(out)


def _sum_rows(data: bytes, width: int) -> bytes:
    """Every row holds the difference to the one above, as cross-references do."""
    out = bytearray(len(data) // (width + 1) * width)
    for column in range(width):
        sums = accumulate(data[column + 1 :: width + 1])
        out[column::width] = bytes([total & 0xFF for total in sums])
    return bytes(out)


def _unpredict_row(kind: int, row: bytearray, above: bytes, step: int) -> None:
    if kind == 2:
        row[:] = bytes([(a + b) & 0xFF for a, b in zip(row, above, strict=True)])
    elif kind in (1, 3, 4):
        for i, value in enumerate(row):
            left = row[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            if kind == 1:
                guess = left
            elif kind == 3:
                guess = (left + above[i]) // 2
            else:
                guess = _paeth(left, above[i], corner)
            row[i] = (value + guess) & 0xFF
    elif kind:
        raise filter_error(f"row predictor {kind} does not exist")


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    distances = (abs(estimate - left), abs(estimate - up), abs(estimate - corner))
    nearest = min(distances)
    return (left, up, corner)[distances.index(nearest)]

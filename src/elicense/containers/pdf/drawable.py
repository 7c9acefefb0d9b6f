"""May a revision be handed to PDFium? What drawing it costs, counted before it is drawn.

PDFium inflates whatever a page names, without a limit: 600 bytes can become ten
gigabytes, and ten forms that each draw the next ten times become ten thousand million.
Every stream is therefore measured first, and every page's content is counted with the
forms it draws.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator

from elicense.containers.pdf.fields import page_refs
from elicense.containers.pdf.lexer import Dictionary, Ref, Stream, Value
from elicense.containers.pdf.lint import live_entries
from elicense.containers.pdf.objects import View
from elicense.errors import InputError, LimitError

MAX_CONTENT = 8 * 1024 * 1024  # of all pages with the forms they draw; PDFium takes 30 times that
MAX_CHAIN = 32  # forms within forms
_CHUNK = 1 << 16
_DRAWN = re.compile(rb"/([^\x00\t\n\x0c\r ()<>\[\]{}/%]+)[\x00\t\n\x0c\r ]+Do(?![A-Za-z])")
_FILTERED = re.compile(
    rb"/Filter|/F[\x00\t\n\x0c\r /\[]|#"
)  # a reader that repairs could inflate this
_JPEG_SIZE = re.compile(rb"\xff[\xc0\xc1\xc2].{2}[\x08\x0c](.{2})(.{2})", re.DOTALL)
_JPX_SIZE = re.compile(rb"\xff\x4f\xff\x51.{4}(.{4})(.{4})", re.DOTALL)
# the most that one byte can become; what they hold is not looked at
_RATIOS = {"LZWDecode": 1400, "LZW": 1400, "RunLengthDecode": 128, "RL": 128}
_FLATE = ("FlateDecode", "Fl")
_HEADED = ("DCTDecode", "DCT", "JPXDecode")  # pictures that say their own size
_PICTURES = (*_HEADED, "CCITTFaxDecode", "CCF", "JBIG2Decode")


def check(view: View) -> None:
    """Raise LimitError ``pdf.draw`` where drawing could go past the limits; InputError where
    that cannot be told."""
    offsets, _ = live_entries(view)
    limits = view.file.limits
    total = 0
    for num, offset in offsets.items():
        stream = _stream(view, num, offset)
        if stream is not None:
            total += _size(view, stream, num)
            if total > limits.pdf_total_inflated:
                raise _too_much(f"the streams inflate past {limits.pdf_total_inflated} bytes", num)
    _check_content(view)


def _stream(view: View, num: int, offset: int) -> Stream | None:
    """The stream at an offset; None for anything else, and for a broken one without filters."""
    try:
        parsed = view.file.object_at(offset)
        stream = view.at(Ref(num, parsed.gen), offset).value
        return stream if type(stream) is Stream else None
    except LimitError:
        raise
    except InputError:
        data = view.file.data
        end = data.find(b"stream", offset)
        if _FILTERED.search(data, offset, end if end >= 0 else len(data)):
            raise
        return None


def _too_much(detail: str, num: int) -> LimitError:
    return LimitError("pdf.draw", detail, place=f"object {num}" if num else "page content")


def _filters(view: View, stream: Stream) -> list[Value]:
    found = view.resolve(stream.info.get("Filter"))
    if found is None:
        return []
    return [view.resolve(item) for item in found] if type(found) is list else [found]


def _size(view: View, stream: Stream, num: int) -> int:
    """Bytes that PDFium makes of a stream."""
    cap = view.file.limits.pdf_stream_inflated
    raw = view.raw(stream)
    size, names = len(raw), _filters(view, stream)
    chunks: Iterable[bytes | memoryview] = [raw]
    ratio = 1
    for name in names:
        if name in _FLATE and ratio == 1:
            chunks = _inflated(chunks, cap, num)
        elif name in _FLATE:
            raise _too_much("a filter whose output cannot be bounded", num)
        else:
            ratio *= _RATIOS.get(str(name), 1)
    if any(name in _FLATE for name in names):
        size = sum(len(chunk) for chunk in chunks)
    if stream.info.get("Subtype") == "Image" or any(name in _PICTURES for name in names):
        _check_picture(view, stream, num)
    if size * ratio > cap:
        raise _too_much(f"a stream may inflate past {cap} bytes", num)
    return size * ratio


def _inflated(source: Iterable[bytes | memoryview], cap: int, num: int) -> Iterator[bytes]:
    """The inflated bytes of a source, a little at a time: nothing large is ever held."""
    engine = zlib.decompressobj()
    total = 0
    for piece in source:
        rest: bytes | memoryview = piece
        while rest:
            try:
                out = engine.decompress(rest, _CHUNK)
            except zlib.error:
                return  # a reader shows what came before the error
            total += len(out)
            if total > cap:
                raise _too_much(f"a stream inflates past {cap} bytes", num)
            if out:
                yield out
            rest = engine.unconsumed_tail
            if engine.eof:
                return


def _check_picture(view: View, stream: Stream, num: int) -> None:
    """Pixels as the dictionary says, and as the picture's own head says where it has one:
    deflated samples hold, by chance, the bytes of any head."""
    limit = view.file.limits.image_pixels
    sizes = [(view.resolve(stream.info.get("Width")), view.resolve(stream.info.get("Height")))]
    data = _encoded(view, stream, num)
    for pattern in (_JPEG_SIZE, _JPX_SIZE):
        found = (match.groups() for match in pattern.finditer(data))
        sizes += [(int.from_bytes(w, "big"), int.from_bytes(h, "big")) for w, h in found]
    for width, height in sizes:
        if type(width) is int and type(height) is int and width * height > limit:
            raise _too_much(f"a picture of {width} × {height} pixels", num)


def _encoded(view: View, stream: Stream, num: int) -> bytes | memoryview:
    """The JPEG or JPEG 2000 that a stream holds, filters before it undone; else nothing."""
    names = _filters(view, stream)
    if not any(name in _HEADED for name in names):
        return b""
    raw = view.raw(stream)
    if names[0] in _FLATE:
        return b"".join(_inflated([raw], view.file.limits.pdf_stream_inflated, num))
    return raw


def _check_content(view: View) -> None:
    """All that the pages draw, each form as often as it is drawn."""
    counter = _Counter(view)
    total = 0
    for page in page_refs(view, []):
        entries = view.dictionary(page)
        resources = view.dictionary(_inherited(view, entries, "Resources"))
        contents = view.resolve(entries.get("Contents"))
        for part in contents if type(contents) is list else [contents]:
            total += counter.cost(part, resources, 0)
        for annotation in view.array(entries.get("Annots")):
            look = view.resolve(view.dictionary(view.dictionary(annotation).get("AP")).get("N"))
            looks = list(look.values()) if type(look) is dict else [look]
            total += sum(counter.cost(item, resources, 0) for item in looks)
        if total > MAX_CONTENT:
            raise _too_much(f"the pages draw more than {MAX_CONTENT} bytes of content", page.num)


def _inherited(view: View, entries: Dictionary, key: str) -> Value:
    for _ in range(view.file.limits.pdf_depth):
        if key in entries:
            return entries[key]
        entries = view.dictionary(entries.get("Parent"))
    return None


class _Counter:
    """The bytes of content a stream stands for, forms counted as often as they are drawn."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.known: dict[tuple[int, int], int] = {}

    def cost(self, value: Value, resources: Dictionary, depth: int) -> int:
        stream = self.view.resolve(value)
        if type(stream) is not Stream or stream.info.get("Subtype") == "Image":
            return 0
        key = (stream.start, id(resources) if "Resources" not in stream.info else 0)
        if key in self.known:
            return self.known[key]
        if depth > MAX_CHAIN:
            raise _too_much(f"forms within forms, more than {MAX_CHAIN} deep", 0)
        self.known[key] = 0  # a form that draws itself draws nothing
        if "Resources" in stream.info:
            resources = self.view.dictionary(stream.info["Resources"])
        data = self._content(stream)
        total = len(data)
        forms = self.view.dictionary(resources.get("XObject"))
        for found in _DRAWN.finditer(data):
            total += self.cost(forms.get(found[1].decode("latin-1")), resources, depth + 1)
            if total > MAX_CONTENT:
                break
        self.known[key] = total
        return total

    def _content(self, stream: Stream) -> bytes:
        names = _filters(self.view, stream)
        if not names:
            return bytes(self.view.raw(stream)[: MAX_CONTENT + 1])
        if all(name in _FLATE for name in names):
            chunks: Iterable[bytes | memoryview] = [self.view.raw(stream)]
            for _ in names:
                chunks = _inflated(chunks, MAX_CONTENT, 0)
            return b"".join(chunks)
        try:
            return self.view.decoded(stream)
        except LimitError:
            raise
        except InputError as error:
            raise InputError("pdf.draw", f"content that is not read here: {error.detail}") from None

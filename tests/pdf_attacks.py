"""Attacks on signed PDFs: each turns the bytes of any signed PDF into attacked bytes.

USF, SWA, ISA (Mladenov et al., CCS 2019), shadow attacks (Mainka et al., NDSS
2021), attacks on certified documents (Rohlmann et al., S&P 2021), and the
ambiguities of the file format. Every result must be refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pdf_samples as samples
from elicense.containers import pdf
from elicense.containers.pdf.fields import signature_fields
from elicense.containers.pdf.lexer import Ref
from elicense.containers.pdf.lint import live_entries
from elicense.containers.pdf.objects import view_of

EVIL = samples.stream(b"BT /F1 18 Tf 72 760 Td (Licence 999999-666) Tj ET")


def _first(data: bytes) -> pdf.PdfSignature:
    return pdf.read(data).signatures[0]


def _gap(data: bytes) -> tuple[int, int]:
    """The offsets of ``<`` and after ``>`` of the first signature's /Contents."""
    byte_range = _first(data).byte_range
    return byte_range[1], byte_range[2]


def _object_span(data: bytes) -> tuple[int, int]:
    start = _first(data).offset
    return start, data.index(b"endobj", _gap(data)[1])


def _edit(data: bytes, old: bytes, new: bytes) -> bytes:
    """Replaces within the signature object, keeping every offset."""
    low, high = _object_span(data)
    assert len(new) <= len(old) and old in data[low:high], old
    at = data.index(old, low, high)
    return data[:at] + new.ljust(len(old)) + data[at + len(old) :]


def _range_source(data: bytes) -> bytes:
    low, high = _object_span(data)
    m = re.compile(rb"/ByteRange\s*\[[^\]]*\]").search(data, low, high)
    assert m
    return m[0]


# --- universal signature forgery: the signature is there, what it needs is not


def usf_contents_missing(data: bytes) -> bytes:
    low, high = _gap(data)
    key = data.rindex(b"/Contents", 0, low)
    return data[:key] + b" " * (high - key) + data[high:]


def usf_contents_null(data: bytes) -> bytes:
    low, high = _gap(data)
    return data[:low] + b"null".ljust(high - low) + data[high:]


def usf_contents_empty(data: bytes) -> bytes:
    low, high = _gap(data)
    return data[:low] + b"<>".ljust(high - low) + data[high:]


def usf_contents_zero(data: bytes) -> bytes:
    low, high = _gap(data)
    return data[:low] + b"<00>".ljust(high - low) + data[high:]


def usf_contents_all_zero(data: bytes) -> bytes:
    low, high = _gap(data)
    return data[:low] + b"<" + b"0" * (high - low - 2) + b">" + data[high:]


def usf_contents_literal(data: bytes) -> bytes:
    low, high = _gap(data)
    return data[:low] + b"(0)".ljust(high - low) + data[high:]


def usf_contents_reference(data: bytes) -> bytes:
    low, high = _gap(data)
    return data[:low] + b"1 0 R".ljust(high - low) + data[high:]


def usf_range_missing(data: bytes) -> bytes:
    return _edit(data, _range_source(data), b"")


def _usf_range(value: bytes) -> Callable[[bytes], bytes]:
    def attack(data: bytes) -> bytes:
        source = _range_source(data)
        return _edit(data, source, b"/ByteRange" + value)

    return attack


# --- coverage: ranges that do not frame the file


def _with_range(data: bytes, numbers: list[int]) -> bytes:
    source = _range_source(data)
    new = b"/ByteRange[%s]" % b" ".join(b"%d" % n for n in numbers)
    return _edit(data, source, new)


def range_from_one(data: bytes) -> bytes:
    _, b, c, d = _first(data).byte_range
    return _with_range(data, [1, b - 1, c, d])


def range_past_eof(data: bytes) -> bytes:
    a, b, c, d = _first(data).byte_range
    return _with_range(data, [a, b, c, d + 5000])


def range_short(data: bytes) -> bytes:
    a, b, c, d = _first(data).byte_range
    return _with_range(data, [a, b, c, d - 30])


def range_overlap(data: bytes) -> bytes:
    a, b, _, _ = _first(data).byte_range
    return _with_range(data, [a, b + 40, b + 20, len(data) - b - 20])


def range_wide_gap(data: bytes) -> bytes:
    a, b, c, d = _first(data).byte_range
    return _with_range(data, [a, b - 20, c, d])


def range_narrow_gap(data: bytes) -> bytes:
    a, b, c, d = _first(data).byte_range
    return _with_range(data, [a, b + 1, c - 1, d + 1])


def range_two_numbers(data: bytes) -> bytes:
    return _with_range(data, list(_first(data).byte_range[:2]))


def range_six_numbers(data: bytes) -> bytes:
    return _with_range(data, [0, 9, 10, 9, 20, 9])


def contents_trailing_data(data: bytes) -> bytes:
    _, high = _gap(data)
    return data[: high - 9] + b"DEADBEEF>" + data[high:]


def contents_not_der(data: bytes) -> bytes:
    low, _ = _gap(data)
    return data[: low + 1] + b"FFFFFFFF" + data[low + 9 :]


# --- signature wrapping: the second signed part moved, own content before it


def swa_moved_range(data: bytes) -> bytes:
    """The signed tail moves back; a new range, objects and table stand before it."""
    now = samples.state(data)
    signature = _first(data)
    low, high = _gap(data)
    tail = data[high:]
    filler = max(4096, now.startxref - high + 4096)
    moved = high + filler
    offsets, _ = live_entries(_last_view(data))
    start = bytearray(b"/ByteRange [0 %d %d %d]>>\nendobj\n" % (low, moved, len(tail)))
    evil = high + len(start)
    start += b"%d 0 obj\n%s\nendobj\n" % (now.contents, EVIL)
    where = {n: o if o < high else o + filler for n, o in offsets.items()}
    where[now.contents] = evil
    where[signature.object[0]] = signature.offset
    table = bytearray(b"xref\n0 1\n0000000000 65535 f \n")
    for num in sorted(where):
        table += b"%d 1\n%010d 00000 n \n" % (num, where[num])
    table += b"trailer\n<</Size %d%s>>\n" % (now.size, now.trailer)
    # the signed tail still says where the table was: put the new one exactly there
    gap = now.startxref - high - len(start)
    start += (b" " * gap if gap >= 0 else b"") + table
    start += b"startxref\n%d\n%%%%EOF\n" % now.startxref
    return data[:high] + bytes(start).ljust(filler) + tail


def _last_view(data: bytes):
    document = pdf.read(data)
    return view_of(document.file, document.revisions, document.revisions[-1].index)


# --- incremental saving: content appended that strict readers do not see


def _evil_objects(data: bytes) -> bytes:
    now = samples.state(data)
    return b"%d 0 obj\n%s\nendobj\n" % (now.contents, EVIL)


def isa_body_only(data: bytes) -> bytes:
    return data + _evil_objects(data)


def isa_no_xref(data: bytes) -> bytes:
    now = samples.state(data)
    trailer = b"trailer\n<</Size %d%s>>\n" % (now.size, now.trailer)
    return data + _evil_objects(data) + trailer


def isa_no_xref_wrong_startxref(data: bytes) -> bytes:
    now = samples.state(data)
    end = b"startxref\n%d\n%%%%EOF\n" % (now.startxref + 1)
    return isa_no_xref(data) + end


def isa_old_startxref(data: bytes) -> bytes:
    """Objects appended, startxref still names the signed table."""
    now = samples.state(data)
    return data + _evil_objects(data) + b"startxref\n%d\n%%%%EOF\n" % now.startxref


def isa_unlisted_object(data: bytes) -> bytes:
    """A proper update, and one object more that its table does not list."""
    harmless = {samples.state(data).size + 5: b"null"}
    return samples.update(data, harmless, stray=_evil_objects(data))


def isa_broken_xref(data: bytes) -> bytes:
    updated = samples.update(data, {samples.state(data).contents: EVIL})
    at = updated.rindex(b"startxref\n") + 10
    return updated[:at] + b"%d\n%%%%EOF\n" % (len(updated) + 100)


def isa_xref_wrong_offset(data: bytes) -> bytes:
    now = samples.state(data)
    return samples.update(
        data, {now.size: b"null"}, at={now.contents: 15}, stray=_evil_objects(data)
    )


def isa_in_comment(data: bytes) -> bytes:
    evil = b"%" + _evil_objects(data).replace(b"\n", b" ") + b"\n"
    return samples.update(data, {samples.state(data).size: b"null"}, stray=evil)


def isa_copied_signature(data: bytes) -> bytes:
    """The signature object appended again behind other content (isa I)."""
    low, high = _object_span(data)
    return data + _evil_objects(data) + data[low:high] + b"endobj\nstartxref\n0\n%%EOF\n"


def trailing_garbage(data: bytes) -> bytes:
    return data + b"garbage after the end"


def second_eof_only(data: bytes) -> bytes:
    return data + b"1 0 obj null endobj\n%%EOF\n"


def startxref_hopeless(data: bytes) -> bytes:
    at = data.rindex(b"startxref")
    return data[:at] + b"startxref\nabc\n%%EOF\n"


def prev_loop(data: bytes) -> bytes:
    """An update whose /Prev leads to itself."""
    now = samples.state(data)
    body = b"xref\n0 0\ntrailer\n<</Size %d%s/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    start = len(data)
    return data + body % (now.size, now.trailer, start, start)


def prev_forward(data: bytes) -> bytes:
    """/Prev leads to a section further back in the file, though nothing is linearised."""
    now = samples.state(data)
    first = b"xref\n0 0\ntrailer\n<</Size %d%s/Prev %010d>>\nstartxref\n%d\n%%%%EOF\n"
    start = len(data)
    length = len(first % (now.size, now.trailer, 0, start))
    second = start + length
    data += first % (now.size, now.trailer, second, start)
    return data + b"xref\n0 0\ntrailer\n<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        now.size,
        now.trailer,
        start,
    )


def duplicate_key(data: bytes) -> bytes:
    page = samples.state(data).page
    source = samples.write(samples.current(data, page))[:-2] + b"/Rotate 90/Rotate 0>>"
    return samples.update(data, {page: source})


def duplicate_object(data: bytes) -> bytes:
    now = samples.state(data)
    again = b"%d 0 obj\n%s\nendobj\n" % (now.size, EVIL)
    return samples.update(data, {now.size: b"null"}, stray=again)


def duplicate_entry(data: bytes) -> bytes:
    """One table with two entries for the page's content."""
    now = samples.state(data)
    evil = len(data)
    body = data + _evil_objects(data)
    start = len(body)
    entry = b"%d 1\n%010d 00000 n \n"
    original = live_entries(_last_view(data))[0].get(now.contents, 15)
    body += b"xref\n" + entry % (now.contents, evil) + entry % (now.contents, original)
    body += b"trailer\n<</Size %d%s/Prev %d>>\n" % (now.size, now.trailer, now.startxref)
    return body + b"startxref\n%d\n%%%%EOF\n" % start


# --- changes after signing


def _page_edit(change: Callable[[dict], dict]) -> Callable[[bytes], bytes]:
    def attack(data: bytes) -> bytes:
        page = samples.state(data).page
        return samples.update(data, {page: samples.write(change(samples.current(data, page)))})

    return attack


def _catalog_edit(change: Callable[[dict], dict]) -> Callable[[bytes], bytes]:
    def attack(data: bytes) -> bytes:
        root = samples.state(data).root
        return samples.update(data, {root: samples.write(change(samples.current(data, root)))})

    return attack


def replace_content(data: bytes) -> bytes:
    return samples.update(data, {samples.state(data).contents: EVIL})


def free_content(data: bytes) -> bytes:
    """Shadow hide: the object that draws is freed."""
    return samples.update(data, {}, free=(samples.state(data).contents,))


def replace_fonts(data: bytes) -> bytes:
    page = samples.current(data, samples.state(data).page)
    fonts = _last_view(data).dictionary(_last_view(data).dictionary(page["Resources"])["Font"])
    target = next(v for v in fonts.values() if isinstance(v, Ref))
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Symbol>>"
    return samples.update(data, {target.num: font})


def resurrect_old_bytes(data: bytes) -> bytes:
    """Shadow hide and replace: only a table, an entry leads into the signed bytes."""
    now = samples.state(data)
    return samples.update(data, {}, at={now.contents: data.index(b" 0 obj") - 1})


def dangling_reference_filled(data: bytes) -> bytes:
    """The page gains what a reference in it has always pointed at."""
    now = samples.state(data)
    page = samples.current(data, now.page)
    wanted = page.get("Contents")
    assert isinstance(wanted, (Ref, list))
    return samples.update(data, {now.contents: EVIL})


def new_root(data: bytes) -> bytes:
    """The trailer names another catalog with another page tree."""
    now = samples.state(data)
    n = now.size
    objects = {
        n: b"<</Type/Catalog/Pages %d 0 R>>" % (n + 1),
        n + 1: b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (n + 2),
        n + 2: b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]/Contents %d 0 R>>"
        % (n + 1, n + 3),
        n + 3: EVIL,
    }
    updated = samples.update(data, objects)
    at = len(data)
    return updated[:at] + updated[at:].replace(b"/Root %d 0 R" % now.root, b"/Root %d 0 R" % n)


def annotation_over_text(data: bytes) -> bytes:
    now = samples.state(data)
    page = samples.current(data, now.page)
    annots = [*samples.pdf_array(data, page.get("Annots", [])), Ref(now.size, 0)]
    note = (
        b"<</Type/Annot/Subtype/FreeText/Rect[60 740 400 800]"
        b"/Contents(Licence 999)/DA(/Helv 18 Tf)>>"
    )
    return samples.update(
        data, {now.page: samples.write({**page, "Annots": annots}), now.size: note}
    )


def annotation_removed(data: bytes) -> bytes:
    return _page_edit(lambda page: {k: v for k, v in page.items() if k != "Annots"})(data)


def form_field_added(data: bytes) -> bytes:
    now = samples.state(data)
    root = samples.current(data, now.root)
    form = root["AcroForm"]
    entries = samples.current(data, form.num) if isinstance(form, Ref) else dict(form)
    fields = [*samples.pdf_array(data, entries["Fields"]), Ref(now.size, 0)]
    source = samples.write({**entries, "Fields": fields})
    changed = (
        {form.num: source}
        if isinstance(form, Ref)
        else {now.root: samples.write({**root, "AcroForm": {**entries, "Fields": fields}})}
    )
    field = b"<</FT/Tx/T(x)/V(evil)/Type/Annot/Subtype/Widget/Rect[60 740 400 800]>>"
    return samples.update(data, {**changed, now.size: field})


def signature_dictionary_replaced(data: bytes) -> bytes:
    num = _first(data).object[0]
    entries = samples.current(data, num)
    return samples.update(data, {num: samples.write({**entries, "Reason": b"approved by nobody"})})


def signature_removed(data: bytes) -> bytes:
    num = _first(data).object[0]
    return samples.update(data, {}, free=(num,))


def signature_field_emptied(data: bytes) -> bytes:
    return _catalog_edit(lambda root: {k: v for k, v in root.items() if k != "AcroForm"})(data)


def sneaky_signature(data: bytes) -> bytes:
    """A further seal whose look covers the page's text."""
    return samples.seal_by_hand(data, rect=(40, 600, 560, 820))


def signature_with_action(data: bytes) -> bytes:
    return samples.seal_by_hand(data, widget=b"/AA<</E<</S/JavaScript/JS(app.alert\\(1\\))>>>>")


def empty_field_added(data: bytes) -> bytes:
    """A new signature field without a signature, its look over the text."""
    sealed = samples.seal_by_hand(data)
    return re.sub(rb"/V (\d+) 0 R/AP", lambda m: b" " * (len(m[0]) - 3) + b"/AP", sealed)


def seal_with_changed_page(data: bytes) -> bytes:
    now = samples.state(data)
    return samples.seal_by_hand(data, objects={now.contents: EVIL})


def extra_page(data: bytes) -> bytes:
    now = samples.state(data)
    page = samples.current(data, now.page)
    pages = page["Parent"].num
    tree = samples.current(data, pages)
    tree = {**tree, "Kids": [*tree["Kids"], Ref(now.size, 0)], "Count": tree["Count"] + 1}
    return samples.update(data, {pages: samples.write(tree), now.size: samples.write(page)})


def info_changed(data: bytes) -> bytes:
    info = pdf.read(data).revisions[-1].trailer["Info"].num
    source = samples.write({**samples.current(data, info), "Title": b"Licence 999"})
    return samples.update(data, {info: source})


def metadata_changed(data: bytes) -> bytes:
    num = samples.current(data, samples.state(data).root)["Metadata"].num
    xmp = samples.XMP.replace(b"110000-001", b"999999-666")
    return samples.update(data, {num: samples.stream(xmp, b"/Type/Metadata/Subtype/XML")})


def attachment_changed(data: bytes) -> bytes:
    view = _last_view(data)
    spec = view.dictionary(view.array(view.dictionary(Ref(samples.state(data).root, 0))["AF"])[0])
    num = view.dictionary(spec["EF"])["F"].num
    evil = samples.stream(samples.LICENCE.replace(b"001", b"666"), b"/Type/EmbeddedFile")
    return samples.update(data, {num: evil})


def length_changed(data: bytes) -> bytes:
    """A stream's length is cut through an indirect /Length (needs one in the sample)."""
    view = _last_view(data)
    for num in live_entries(view)[0]:
        stream = view.get(Ref(num, 0))
        length = getattr(stream, "info", {}).get("Length")
        if isinstance(length, Ref):
            return samples.update(data, {length.num: b"1"})
    return replace_content(data)


def hybrid_update(data: bytes) -> bytes:
    """A table for old readers and a stream for new ones that show different pages."""
    now = samples.state(data)
    out = bytearray(data)
    evil = len(out)
    out += _evil_objects(data)
    start = len(out)
    row = b"\x01" + evil.to_bytes(4, "big") + b"\0"
    entries = b"/Type/XRef/W[1 4 1]/Index[%d 1]/Size %d%s" % (
        now.contents,
        now.size + 1,
        now.trailer,
    )
    out += b"%d 0 obj\n%s\nendobj\n" % (now.size, samples.stream(row, entries))
    table = len(out)
    out += b"xref\n0 0\ntrailer\n<</Size %d%s/Prev %d/XRefStm %d>>\n" % (
        now.size + 1,
        now.trailer,
        now.startxref,
        start,
    )
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % table


def prev_skips_the_signature(data: bytes) -> bytes:
    """An update whose /Prev leads past the signed revision to the one before."""
    document = pdf.read(data)
    now = samples.state(data)
    before = document.revisions[0].sections[0].start
    updated = samples.update(data, {now.contents: EVIL})
    at = len(data)
    old, new = b"/Prev %d" % now.startxref, b"/Prev %d" % before
    return updated[:at] + updated[at:].replace(old, new.ljust(len(old)))


def seal_look_changed(data: bytes) -> bytes:
    """The picture of a seal that is there is drawn anew, over the whole field."""
    view = _last_view(data)
    signature = _first(data)
    fields = signature_fields(view, [])
    widget = next(f for f in fields if f.name == signature.field).widgets[0][1]
    look = view.dictionary(widget["AP"])["N"]
    return samples.update(
        data,
        {look.num: samples.stream(b"0 0 9 9 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")},
    )


def timestamp_that_shows(data: bytes) -> bytes:
    """A field that says it is a timestamp, and draws."""
    kind = b"/Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161"
    return samples.seal_by_hand(data, kind=kind)


def seal_on_two_pages_places(data: bytes) -> bytes:
    """The new seal's widget is listed twice on the page."""
    sealed = samples.seal_by_hand(data)
    page = samples.state(sealed).page
    entries = samples.current(sealed, page)
    doubled = {**entries, "Annots": [*entries["Annots"], entries["Annots"][-1]]}
    return samples.seal_by_hand(data, objects={page: samples.write(doubled)})


def seal_without_scale(data: bytes) -> bytes:
    """A seal that keeps its size on the screen when the page is shrunk (NoZoom)."""
    return samples.seal_by_hand(data).replace(b"/F 132/V", b"/F 140/V")


def objstm_shadow(data: bytes) -> bytes:
    """An appended object stream defines the page's content without being asked for it."""
    now = samples.state(data)
    inner = b"%d 0 " % now.page + b"<</Type/Page/Evil true>>"
    head = len(b"%d 0 " % now.page)
    body = samples.stream(inner, b"/Type/ObjStm/N 1/First %d" % head)
    return samples.update(data, {now.size: body})


ATTACKS: dict[str, Callable[[bytes], bytes]] = {
    **{
        name: value
        for name, value in globals().copy().items()
        if callable(value)
        and not name.startswith("_")
        and getattr(value, "__module__", "") == __name__
    },
    "usf_range_null": _usf_range(b" null"),
    "usf_range_empty": _usf_range(b"[]"),
    "usf_range_negative": _usf_range(b"[0 -1 2 3]"),
    "usf_range_names": _usf_range(b"[/a /b /c]"),
    "usf_range_all_zero": _usf_range(b"[0 0 0 0]"),
    "page_rotated": _page_edit(lambda p: {**p, "Rotate": 180}),
    "page_box": _page_edit(lambda p: {**p, "CropBox": [0, 0, 100, 100]}),
    "page_resources": _page_edit(lambda p: {**p, "Resources": {}}),
    "page_action": _page_edit(lambda p: {**p, "AA": {"O": {"S": "JavaScript", "JS": b"1"}}}),
    "javascript_added": _catalog_edit(
        lambda c: {**c, "OpenAction": {"S": "JavaScript", "JS": b"1"}}
    ),
    "launch_added": _catalog_edit(lambda c: {**c, "OpenAction": {"S": "Launch", "F": b"x.exe"}}),
    "layers_added": _catalog_edit(lambda c: {**c, "OCProperties": {"OCGs": [], "D": {}}}),
    "names_changed": _catalog_edit(lambda c: {**c, "Names": {}}),
    "structure_added": _catalog_edit(lambda c: {**c, "StructTreeRoot": {"Type": "StructTreeRoot"}}),
    "metadata_removed": _catalog_edit(lambda c: {k: v for k, v in c.items() if k != "Metadata"}),
    "perms_changed": _catalog_edit(lambda c: {**c, "Perms": {"DocMDP": Ref(1, 0)}}),
    "need_appearances": _catalog_edit(
        lambda c: {**c, "AcroForm": {"Fields": [], "NeedAppearances": True}}
    ),
}
"""Every attack by name; each takes any signed PDF with a page, attachment and metadata."""

ATTACKS_ON_CERTIFIED: dict[str, Callable[[bytes], bytes]] = {
    "permissions_removed": _catalog_edit(lambda c: {k: v for k, v in c.items() if k != "Perms"}),
}

"""From a licence to a document that can be rendered and sealed."""

from __future__ import annotations

from datetime import datetime

from elicense import profiles
from elicense.errors import UsageError
from elicense.issuing import fonts, licence_page
from elicense.issuing.page import Document
from elicense.licence import Licence


def document(
    licence: Licence,
    *,
    data: bytes,
    created: datetime,
    qr_text: str = "",
    notice: str = "",
    font: fonts.Font | None = None,
) -> Document:
    """Pages, metadata and ``data`` (the exact ``licence.json`` of ``licence``).

    ``created`` is the aware time the document is made. UsageError ``licence.field``
    where a required field is missing; errors of :func:`licence_page.compose`.
    """
    profile = profiles.get(licence.type)
    missing = profile.missing(licence)
    if missing:
        names = ", ".join(item.key for item in missing)
        raise UsageError("licence.field", f"the licence lacks {names}")
    face = font or fonts.load()
    return Document(
        pages=licence_page.compose(licence, profile, font=face, qr_text=qr_text, notice=notice),
        title=f"{profile.zh} {licence.number}",
        author=licence.issuer.name,
        created=created,
        font=face,
        metadata=metadata(licence, profile),
        data=data,
    )


def metadata(licence: Licence, profile: profiles.Profile) -> dict[str, str]:
    """The short names of the metadata standard and their values, in its order; no empty ones."""
    dates = licence.validity
    values = {
        "ZZBS": licence.identifier,
        "ZZMC": profile.zh,
        "ZZLXDM": profile.type_code,
        "ZZBH": licence.number,
        "ZZBFJG": licence.issuer.name,
        "ZZBFJGDM": licence.issuer.code,
        "ZZBFRQ": dates.issued.isoformat() if dates.issued else "",
        "CZZT": licence.holder.name,
        "CZZTDM": licence.holder.code,
        "CZZTDMLXDM": licence.holder.code_type,
        "ZZYXQQSRQ": dates.valid_from.isoformat() if dates.valid_from else "",
        "ZZYXQJZRQ": dates.valid_until.isoformat() if dates.valid_until else "",
    }
    return {name: value for name, value in values.items() if value}

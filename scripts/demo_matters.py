"""What ``make demo-matters`` shows: one document of each of the 22 matters is issued by its
department, verified, and shared as a masked copy that still verifies. Test keys, no network."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "fixtures"))

import elicense  # noqa: E402
from elicense import matters as catalogue  # noqa: E402
from elicense import profiles  # noqa: E402
from pki import world  # noqa: E402
from pki.world import CHINA  # noqa: E402
from samples import matters  # noqa: E402

AT = datetime(2026, 3, 20, 9, 0, tzinfo=CHINA)
WORDS = {
    "zh": ("签发", "原件", "加注件", "已隐藏"),
    "en": ("issued", "original", "masked copy", "hidden"),
}


def main() -> int:
    """Each matter in turn; 1 if anything is not as it should be."""
    lang = "zh" if os.environ.get("ELICENSE_LANG", os.environ.get("LANG", "")).startswith("zh") \
        else "en"  # fmt: skip
    offices = matters.offices(world.build(ROOT / "fixtures" / "certs" / "keys"))
    trust = offices.store()
    requests = {path.stem: path for path in matters.samples()}
    good = True
    for matter in catalogue.all():
        print(f"{matter.number:>2}  {matter.zh if lang == 'zh' else matter.en}", flush=True)
        for name in matter.types:
            path = requests.get(f"{matter.number:02}-{name}")
            if path is None:
                continue
            index = list(requests).index(path.stem)
            good = _one(offices, trust, path, index, lang) and good
    return 0 if good else 1


def _one(
    offices: matters.Offices, trust: elicense.TrustStore, path: Path, index: int, lang: str
) -> bool:
    licence = matters.licence_of(path, index)
    profile = profiles.get(licence.type)
    original = _issue(offices, licence)
    first = elicense.verify(original, trust=trust, at=AT, now=AT)
    may = [item for item, _ in profile.values(licence) if item.maskable and item.printed]
    hide = [item.key for item in sorted(may, key=lambda item: not item.required)]
    copied = elicense.make_copy(
        original, purpose="跨省通办窗口核验", receiver="山东省政务服务中心", hide=hide[:2],
        until=timedelta(days=10), signer=offices.credential(licence, "copy"),
        timestamp=offices.stamp(AT), trust=trust, time=AT,
    )  # fmt: skip
    second = elicense.verify(copied, trust=trust, at=AT, now=AT + timedelta(hours=1))
    words = WORDS[lang]
    hidden = ", ".join(profile.field(key).label(lang) for key in hide[:2])
    print(f"    {profile.title(lang)}: {words[1]} {first.verdict}, {words[2]} {second.verdict}"
          f" ({words[3]}: {hidden})", flush=True)  # fmt: skip
    return bool(first) and bool(second)


def _issue(offices: matters.Offices, licence: elicense.Licence) -> bytes:
    issued = licence.validity.issued
    assert issued is not None
    time = datetime(issued.year, issued.month, issued.day, 10, tzinfo=CHINA)
    stamp: Any = offices.stamp(time)
    return elicense.issue(
        licence, seal=offices.seal(licence), signer=offices.credential(licence),
        qr_signer=offices.credential(licence, "qr"), format="ofd", time=time, timestamp=stamp,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

"""What a portal's back end does when an application has been approved: issue, verify, hand out.

Run it from the repository: ``PYTHONPATH=src python examples/issue_portal.py [FOLDER]``. The
keys are the public ones of the test PKI, so the licence it makes is none.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import elicense
from elicense.issuing.files import write_new
from elicense.issuing.reading import read_json

ROOT = Path(__file__).resolve().parent.parent
CERTS = ROOT / "fixtures" / "certs"

# What the approved application says. The identifier 电子证照标识 follows from type, issuer,
# serial and version; the status list and the index are the registry's to give.
today = datetime.now(UTC).date()
APPLICATION = f"""{{
  "type": "msa-doc",
  "serial": "{today.year}000042",
  "number": "样例TJDOC{today.year}00042",
  "issuer": {{"name": "天津海事局", "name_en": "Tianjin Maritime Safety Administration",
             "code": "1112000000000T122L", "code_type": "001", "region": "120000"}},
  "holder": {{"name": "渤海样例航运有限公司", "name_en": "Bohai Sample Shipping Co., Ltd.",
             "address": "天津市滨海新区样例路1号",
             "address_en": "No. 1 Yangli Road, Binhai New Area, Tianjin"}},
  "validity": {{"issued": "{today}", "valid_from": "{today}",
               "valid_until": "{today + timedelta(days=5 * 365)}"}},
  "fields": {{"company_number": "9999126", "regime": "ISM", "state": "CN",
             "ship_types": [{{"code": "bulk-carrier"}},
                            {{"code": "oil-tanker", "limitation": "闪点60℃以上"}}],
             "completion_date": "{today}", "place_of_issue": "天津", "officer": "王样例"}},
  "status": {{"list": "https://status.tj.example/lists/1", "index": 42}}
}}"""


def main(folder: Path) -> int:
    trust = elicense.TrustStore.load(CERTS / "trust")
    seal = (ROOT / "examples" / "seals" / "tianjin-doc-v4.esl").read_bytes()
    # In production: pkcs11:token=…;object=…, or file:office.p12 and a password from a vault.
    office = elicense.load_signer(
        f"file:{CERTS}/keys/sealers/tianjin-doc-sm2.pem",
        certificate=CERTS / "sealers" / "tianjin-doc-sm2.pem",
    )
    code = elicense.load_signer(
        f"file:{CERTS}/keys/qr/tianjin-sm2.pem", certificate=CERTS / "qr" / "tianjin-sm2.pem"
    )
    request = read_json(APPLICATION.encode(), place="application 42")
    if request.licence is None or request.faults:
        for fault in request.faults:
            print(fault, file=sys.stderr)
        return 1
    for form in ("ofd", "pdf"):
        try:
            data = elicense.issue(
                request.licence, seal=seal, signer=office, qr_signer=code, format=form,
                trust=trust, notice="样例 SAMPLE　测试印章，无法律效力 TEST SEAL, NO LEGAL EFFECT",
            )  # fmt: skip
        except elicense.IssueRefused as refused:
            for fault in refused.faults:  # back to the window, all at once, field by field
                print(fault, file=sys.stderr)
            return 1
        path = folder / f"doc-42.{form}"
        write_new(path, data)
        # What the holder, another region and an inspector will see:
        report = elicense.verify(path, trust=trust)
        print(f"{report.verdict}  {path.name}  {len(data)} bytes  {request.licence.identifier}")
        report.require()
    return 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(main(Path(temporary)))

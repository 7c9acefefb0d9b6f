"""A small back end that verifies what applicants hand in, with FastAPI.

``pip install 'elicense[server]'``, then ``python examples/portal_fastapi.py`` and
``curl -F file=@doc.pdf http://127.0.0.1:8001/applications``. A portal that wants limits, worker
processes and credentials ready made runs ``elicense serve`` beside it instead.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, UploadFile

import elicense

CERTS = Path(__file__).resolve().parent.parent / "fixtures" / "certs"
MOST = 20 * 1024 * 1024  # bytes of one file; the web server in front limits the whole body

# In production the region's own store: there is no default trust.
trust = elicense.TrustStore.load(os.environ.get("PORTAL_TRUST", str(CERTS / "trust")))
app = FastAPI(title="portal")


# a plain function: FastAPI runs it in a thread, so that judging does not hold up others
@app.post("/applications")
def hand_in(file: UploadFile) -> dict[str, Any]:
    """Judge the licence an applicant hands in. Only VALID goes on by itself."""
    data = file.file.read(MOST + 1)
    if len(data) > MOST:
        raise HTTPException(413, f"at most {MOST} bytes")
    try:
        report = elicense.verify(data, trust=trust)
    except elicense.InputError as exc:  # neither an OFD nor a PDF, or broken
        raise HTTPException(422, exc.code) from exc
    licence = report.licence if report else None  # what is not proven is not used
    return {
        "verdict": str(report.verdict),
        "number": licence.number if licence else None,
        "holder": licence.holder.name if licence else None,
        # INDETERMINATE is not a refusal: an officer looks, and the reasons say at what
        "next": {"VALID": "accepted", "INVALID": "refused"}.get(str(report.verdict), "officer"),
        "reasons": [finding.message("zh") for finding in report.deciding],
    }


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app, port=8001)

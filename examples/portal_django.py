"""A small back end that verifies what applicants hand in, with Django in one file.

``pip install elicense django``, then ``python examples/portal_django.py runserver 8002`` and
``curl -F file=@doc.pdf http://127.0.0.1:8002/applications``.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

import elicense

CERTS = Path(__file__).resolve().parent.parent / "fixtures" / "certs"
MOST = 20 * 1024 * 1024  # bytes of one file

settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("PORTAL_SECRET") or secrets.token_urlsafe(32),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    DATA_UPLOAD_MAX_NUMBER_FILES=1,
)

# In production the region's own store: there is no default trust.
trust = elicense.TrustStore.load(os.environ.get("PORTAL_TRUST", str(CERTS / "trust")))


@csrf_exempt  # called by programs; a form in a browser needs the token
@require_POST
def hand_in(request: WSGIRequest) -> JsonResponse:
    """Judge the licence an applicant hands in. Only VALID goes on by itself."""
    file = request.FILES.get("file")
    if file is None:
        return JsonResponse({"error": "a file is needed"}, status=422)
    if file.size > MOST:
        return JsonResponse({"error": f"at most {MOST} bytes"}, status=413)
    try:
        report = elicense.verify(file.read(), trust=trust)
    except elicense.InputError as exc:  # neither an OFD nor a PDF, or broken
        return JsonResponse({"error": exc.code}, status=422)
    licence = report.licence if report else None  # what is not proven is not used
    return JsonResponse({
        "verdict": str(report.verdict),
        "number": licence.number if licence else None,
        "holder": licence.holder.name if licence else None,
        # INDETERMINATE is not a refusal: an officer looks, and the reasons say at what
        "next": {"VALID": "accepted", "INVALID": "refused"}.get(str(report.verdict), "officer"),
        "reasons": [finding.message("zh") for finding in report.deciding],
    })  # fmt: skip


urlpatterns = [path("applications", hand_in)]
application = get_wsgi_application()

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line([*sys.argv[:1], *(sys.argv[1:] or ["runserver", "8002"]),
                               "--noreload"])  # fmt: skip

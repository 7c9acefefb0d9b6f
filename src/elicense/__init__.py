"""elicense: parse, verify and issue China's cross-region electronic licences (电子证照).

>>> import elicense
>>> trust = elicense.TrustStore.load("fixtures/certs/trust")
>>> report = elicense.verify("examples/samples/tianjin-doc.ofd", trust=trust)
>>> str(report.verdict)
'VALID'

Names below load on first use, so that ``import elicense`` costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from elicense.errors import (
    Error,
    FieldFault,
    InputError,
    IssueRefused,
    KeyMaterialError,
    LimitError,
    Rejected,
    UsageError,
)

if TYPE_CHECKING:
    from elicense.evidence import Evidence
    from elicense.findings import Finding, Outcome
    from elicense.issuing.copy import make_copy
    from elicense.issuing.endorse import endorse
    from elicense.issuing.extend import extend
    from elicense.issuing.issue import issue
    from elicense.issuing.reissue import reissue
    from elicense.issuing.signers import load as load_signer
    from elicense.licence import Endorsement, Licence
    from elicense.limits import Limits
    from elicense.maritime.ship import Ship
    from elicense.opening import open_file as open
    from elicense.policy import Policy
    from elicense.report import Report
    from elicense.together import JointReport, verify_together
    from elicense.trust.online import Online
    from elicense.trust.store import TrustStore
    from elicense.verdict import Verdict
    from elicense.verifying import verify

__all__ = [
    "Endorsement", "Error", "Evidence", "FieldFault", "Finding", "InputError", "IssueRefused",
    "JointReport", "KeyMaterialError", "Licence", "LimitError", "Limits", "Online", "Outcome",
    "Policy", "Rejected", "Report", "Ship", "TrustStore", "UsageError", "Verdict", "endorse",
    "extend", "issue", "load_signer", "make_copy", "open", "reissue", "verify", "verify_together",
]  # fmt: skip

_HOME = {
    "Endorsement": ("elicense.licence", "Endorsement"),
    "Evidence": ("elicense.evidence", "Evidence"),
    "Finding": ("elicense.findings", "Finding"),
    "make_copy": ("elicense.issuing.copy", "make_copy"),
    "endorse": ("elicense.issuing.endorse", "endorse"),
    "extend": ("elicense.issuing.extend", "extend"),
    "issue": ("elicense.issuing.issue", "issue"),
    "reissue": ("elicense.issuing.reissue", "reissue"),
    "load_signer": ("elicense.issuing.signers", "load"),
    "Licence": ("elicense.licence", "Licence"),
    "JointReport": ("elicense.together", "JointReport"),
    "Ship": ("elicense.maritime.ship", "Ship"),
    "verify_together": ("elicense.together", "verify_together"),
    "Limits": ("elicense.limits", "Limits"),
    "Outcome": ("elicense.findings", "Outcome"),
    "Online": ("elicense.trust.online", "Online"),
    "Policy": ("elicense.policy", "Policy"),
    "Report": ("elicense.report", "Report"),
    "TrustStore": ("elicense.trust.store", "TrustStore"),
    "Verdict": ("elicense.verdict", "Verdict"),
    "open": ("elicense.opening", "open_file"),
    "verify": ("elicense.verifying", "verify"),
}


def __getattr__(name: str) -> Any:
    try:
        module, attribute = _HOME[name]
    except KeyError:
        raise AttributeError(f"module 'elicense' has no attribute {name!r}") from None
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

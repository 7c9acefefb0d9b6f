"""Dialect B of the sharing interface: other names for the operations of dialect A.

Only operations and the members marked so in the reference are known; the envelope, the
members of the two verifications and the lower-case names of the answers are unconfirmed.
"""

from __future__ import annotations

from collections.abc import Mapping

# operation → (dialect A's, its name for each member)
OPERATIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "zzjs": ("queryCertInfoByHolderCode", {
        "czztdm": "holderCode", "zzlxdm": "certTypeCode", "czztdmlxdm": "holderTypeCode",
        "zzbh": "certNo", "dzzzsymd": "useCause",
    }),
    "zzysj": ("queryCertInfo", {"zzbs": "certIdentifier", "dzzzsymd": "useCause"}),
    "zzxxxz": ("downloadFile", {
        "zzbs": "certificateIdentifier", "dzzzsymd": "certificateCopyCause",
        "jzjyxqjzsj": "certificateCopyExpiringTime",
    }),
    "zzdzxz": ("downloadUrl", {
        "zzbs": "certIdentifier", "dzzzsymd": "useCause", "jzjyxqjzsj": "expiryTime",
    }),
    "zzxxyz": ("verifyCertInfo", {
        "zzlxdm": "certTypeCode", "zzsj": "certData", "dzzzsymd": "useCause",
    }),
    "zzwjyz": ("verifyFile", {
        "zzlxdm": "certTypeCode", "wjnr": "content", "wjnrlx": "contentType",
        "dzzzsymd": "useCause",
    }),
}  # fmt: skip
# what dialect A asks for and this one does not
WAIVED = frozenset({"holderTypeCode", "useCause", "certificateCopyCause"})

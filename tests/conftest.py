"""Makes the package and the builders of the test PKI importable from a plain checkout."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = Path(__file__).parent.parent
for folder in (_ROOT / "fixtures", _ROOT / "src"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

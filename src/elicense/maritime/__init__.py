"""The ISM Code and its Chinese sister, the NSM rules 国内安全管理规则: dates, rules, answers.

Pure arithmetic over calendar days. ``rules.toml`` says what applies, from when, and to which
certificates; ``docs/ism-rules.md`` explains it.
"""

from __future__ import annotations

from elicense.maritime.engine import Ruling, judge
from elicense.maritime.facts import Certificate, Predecessor, effective_expiry
from elicense.maritime.rules import Limit, Rule, limit, rule, rules
from elicense.maritime.states import BoxState, State, box_states
from elicense.maritime.timeline import Span, spans

__all__ = [
    "BoxState",
    "Certificate",
    "Limit",
    "Predecessor",
    "Rule",
    "Ruling",
    "Span",
    "State",
    "box_states",
    "effective_expiry",
    "judge",
    "limit",
    "rule",
    "rules",
    "spans",
]

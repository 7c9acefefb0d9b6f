"""A licence in other people's forms: the metadata standard's names, the IMO data set.

Each form is a table (TOML) of names and the paths of ``licence.json`` they stand for.
Writing refuses to drop anything silently; reading names every fault at once.
"""

from __future__ import annotations

from elicense.forms.compendium import from_compendium, to_compendium
from elicense.forms.gbt36903 import from_gbt36903, to_gbt36903
from elicense.forms.reading import Reading

__all__ = ["Reading", "from_compendium", "from_gbt36903", "to_compendium", "to_gbt36903"]

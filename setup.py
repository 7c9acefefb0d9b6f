"""The C extension; everything else is in pyproject.toml.

``optional``: where there is no C compiler, or one without ``unsigned __int128``
(MSVC), the build goes on without it and SM2 runs in pure Python.
"""

import sys

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "elicense.crypto._sm2",
            sources=["src/elicense/crypto/_sm2.c"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            extra_compile_args=[] if sys.platform == "win32" else ["-O3", "-g0"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

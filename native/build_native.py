"""Describe the compiled module `voicechat._native` to cffi: the fenced part of the header is the contract."""

from __future__ import annotations

import re
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).parent
SOURCES = sorted((HERE / "src").glob("*.c"))


def contract(header: Path) -> str:
    """Return what cffi may read of `header`; its parser knows no preprocessor."""
    fence = re.search(r"/\* cffi: begin \*/(.*)/\* cffi: end \*/", header.read_text(), re.DOTALL)
    if fence is None:
        raise ValueError(f"{header} has no cffi fence")
    return fence.group(1)


ffi = FFI()
ffi.cdef(contract(HERE / "include" / "vc_engine.h"))
ffi.set_source(
    "voicechat._native",
    '#include "vc_engine.h"',
    # Relative, as setuptools wants them, to where setup.py stands.
    sources=[f"native/src/{path.name}" for path in SOURCES],
    include_dirs=["native/include", "native/src"],
    depends=[f"native/{path.relative_to(HERE)}" for path in sorted(HERE.glob("[is]*/*.h"))],
    extra_compile_args=["-std=c11", "-O2", "-D_GNU_SOURCE"],
)

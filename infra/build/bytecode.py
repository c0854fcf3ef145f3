"""Adds bytecode to what `sam build` made.

SAM leaves bytecode out and Lambda's code folder is read-only, so that every cold start would compile every module anew.
Unchecked-hash files are used whatever the source's time stamp, which archives do not keep exactly.
"""

from __future__ import annotations

import compileall
from pathlib import Path
from py_compile import PycInvalidationMode


def compile_tree(folder: Path) -> bool:
    """Compile all modules below `folder` for the running interpreter's minor version; whether all were sound.

    Bytecode of another minor version is ignored by Lambda.
    """
    return bool(
        compileall.compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH, force=True)
    )

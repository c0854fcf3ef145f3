"""Trims the SDK in what `sam build` made, then adds bytecode.

Run it with the interpreter of the runtime's minor version, after each `sam build`, which makes its folder anew. It
needs nothing but Python, and may run twice.

python -m infra.build .aws-sam/build
"""

from __future__ import annotations

import sys
from pathlib import Path

from infra.build.bytecode import compile_tree
from infra.build.trim import TrimError, trim


def finish(folder: Path) -> None:
    """Finish the build in `folder`.

    Raises:
        SystemExit: The folder is not such a build, or a module in it is no Python; the text says which.
    """
    try:
        trim(folder)
    except TrimError as err:
        sys.exit(f"infra.build: {err}")
    if not compile_tree(folder):
        sys.exit("infra.build: a module could not be compiled")


if __name__ == "__main__":
    finish(Path(sys.argv[1]))

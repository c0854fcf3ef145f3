"""An unpacked tree of packages: where Asterisk and its libraries lie in it, and which libraries it still lacks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.pbx.asterisk.apt import multiarch
from infra.pbx.asterisk.elf import needed
from infra.pbx.asterisk.errors import FetchError
from infra.pbx.asterisk.modules import MODULES


@dataclass(frozen=True, slots=True)
class Asterisk:
    """An Asterisk that can be started.

    Attributes:
        argv: Program with the words that must come first.
        modules: Folder of its modules.
        data: Folder of its documentation and sounds.
        source: Where it came from, in words.
    """

    argv: tuple[str, ...]
    modules: Path
    data: Path
    source: str


def library_folders(root: Path) -> list[Path]:
    """Folders of `root` that hold shared libraries."""
    name = multiarch()
    places = (f"usr/lib/{name}", f"lib/{name}", "usr/lib", "usr/lib64", "lib64")
    return [root / place for place in places if (root / place).is_dir()]


def module_folder(prefix: Path) -> Path:
    """Folder of Asterisk's modules under `prefix`, such as `/usr`.

    Raises:
        FetchError: There is none.
    """
    for place in (f"lib/{multiarch()}", "lib", "lib64"):
        if (folder := prefix / place / "asterisk" / "modules").is_dir():
            return folder
    raise FetchError(f"{prefix} has no folder of Asterisk's modules")


def missing_libraries(root: Path) -> list[str]:
    """Libraries that Asterisk or one of the bench's modules asks for, and `root` does not have."""
    modules = module_folder(root / "usr")
    todo = [root / "usr/sbin/asterisk", *(modules / f"{name}.so" for name in MODULES)]
    todo = [path for path in todo if path.exists()]
    seen: set[str] = set()
    missing: list[str] = []
    folders = library_folders(root)
    while todo:
        for name in needed(todo.pop().read_bytes()):
            if name in seen:
                continue
            seen.add(name)
            found = next((folder / name for folder in folders if (folder / name).exists()), None)
            if found:
                todo.append(found)
            else:
                missing.append(name)
    return missing


def describe(root: Path, source: str) -> Asterisk:
    """How to start the Asterisk in `root`: by its own loader, so that the host's C library does not matter.

    Raises:
        FetchError: The tree has no loader or no modules.
    """
    folders = library_folders(root)
    loader = next((path for folder in folders for path in sorted(folder.glob("ld-linux*.so.*"))), None)
    if loader is None:
        raise FetchError(f"{root} has no program loader")
    # An argument, not LD_LIBRARY_PATH: scripts that Asterisk starts must keep the host's libraries.
    argv = (str(loader), "--library-path", ":".join(map(str, folders)), str(root / "usr/sbin/asterisk"))
    return Asterisk(argv, module_folder(root / "usr"), root / "usr/share/asterisk", source)


def finish(root: Path) -> None:
    """Do what the packages' install scripts would have done: name the default voice."""
    sounds = root / "usr/share/asterisk/sounds"
    voice = next(iter(sorted(sounds.glob("en_*"))), None)
    if voice and not (sounds / "en").exists():
        (sounds / "en").symlink_to(voice.name)

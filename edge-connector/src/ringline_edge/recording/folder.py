"""The folder of a recording, `in.<extension>` and `meta.toml`: as the project's own traces have them."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ringline_core.errors import ConfigError, RinglineError

META: Final = "meta.toml"
PROFILE: Final = "profile.yaml"
_PRIVATE: Final = 0o600


class FolderExistsError(RinglineError):
    """The folder of a recording is there already; nothing is ever written over."""

    code = "recording_exists"


class RecordingFailedError(RinglineError):
    """The recording could not be brought to the disk; what is there is no whole recording."""

    code = "recording_failed"


@dataclass(frozen=True, slots=True)
class Trace:
    """A recording that was read.

    Attributes:
        kind: Of the PBX; empty where the folder does not say.
        data: What the PBX sent.
        settings: What of the adapter's own table decides how that is read.
    """

    kind: str
    data: bytes
    settings: Mapping[str, Any]


def create(folder: Path) -> None:
    """Make the folder, for its owner alone.

    Raises:
        FolderExistsError: Something is there.
        ConfigError: It cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise FolderExistsError(f"{folder}: is there already; a recording is never written over another") from None
    except OSError as err:
        raise ConfigError(f"{folder}: {err.strerror}") from err


def opened(path: Path) -> int:
    """A new file that only its owner may read; its descriptor."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)


def write_meta(folder: Path, said: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Write `meta.toml`, whole or not at all.

    Args:
        folder: Of the recording.
        said: Where it comes from: text, whole numbers and truth values.
        settings: As `registry.replay` takes them; a profile of the site's own is copied beside.
    """
    settings = dict(settings)
    profile = Path(str(settings.get("profile", "")))
    if profile.suffix == ".yaml":
        with os.fdopen(opened(folder / PROFILE), "wb") as file:
            file.write(profile.read_bytes())
        settings["profile"] = PROFILE
    lines = [f"{key} = {toml(value)}" for key, value in said.items()]
    if settings:
        lines += ["", "[settings]", *(f"{key} = {toml(value)}" for key, value in settings.items())]
    draft = folder / f".{META}"
    with os.fdopen(opened(draft), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    draft.rename(folder / META)


def read(folder: Path) -> Trace:
    """The recording in a folder.

    Raises:
        OSError: There is none.
        ConfigError: `meta.toml` is none.
    """
    try:
        said = tomllib.loads((folder / META).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigError(f"{folder / META}: not TOML: {err}") from err
    found = sorted(folder.glob("in.*"))
    if len(found) != 1:
        raise ConfigError(f"{folder}: has {len(found)} files in.*, and a recording has one")
    settings = dict(said.get("settings", {}))
    if str(settings.get("profile", "")).endswith(".yaml"):
        settings["profile"] = str(folder / Path(settings["profile"]).name)
    return Trace(str(said.get("kind", "")), found[0].read_bytes(), settings)


def discard(folder: Path) -> None:
    """Take a folder away in which nothing was recorded."""
    shutil.rmtree(folder)


def toml(value: Any) -> str:
    """JSON's strings, numbers and truth values are TOML's, but for one control character."""
    match value:
        case Mapping():
            return f"{{ {', '.join(f'{json.dumps(str(key))} = {toml(each)}' for key, each in value.items())} }}"
        case list() | tuple():
            return f"[{', '.join(map(toml, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

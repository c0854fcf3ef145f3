"""`sam build` and the step after it, skipped when nothing that they read has changed."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import platform
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from infra.bootstrap import interpreter
from infra.local.children import clean_environment
from infra.local.settings import ROOT, Settings

BUILD_DIR = ROOT / ".aws-sam" / "build"
LOCK_POLL_S = 0.1
READ = ("core/src", "functions/src", "infra/build")
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class BuildError(Exception):
    """`sam build` or the step after it failed; the text shows why."""


def runtime() -> str:
    """The Lambda runtime of the running interpreter's minor version; the emulator runs functions on it."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def architecture() -> str:
    """This machine's architecture as Lambda names it."""
    return ARCHITECTURES.get(platform.machine().lower(), "x86_64")


@asynccontextmanager
async def build_tree() -> AsyncIterator[None]:
    """Have `.aws-sam` for oneself: two stacks of one checkout may come up at the same time."""
    BUILD_DIR.parent.mkdir(exist_ok=True)
    with (BUILD_DIR.parent / ".lock").open("w") as lock:
        while not _locked(lock.fileno()):  # noqa: ASYNC110 - a file lock cannot be awaited
            await asyncio.sleep(LOCK_POLL_S)
        yield


def _locked(fileno: int) -> bool:
    try:
        fcntl.flock(fileno, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def build(settings: Settings) -> bool:
    """Bring `.aws-sam/build` up to date; the caller has `build_tree`.

    Returns:
        Whether anything had to be built.

    Raises:
        BuildError: With the tool's last words.
    """
    stamp, wanted = BUILD_DIR / ".stamp", _content_stamp()
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    await sam_build(settings, BUILD_DIR)
    await finish(settings, BUILD_DIR)
    stamp.write_text(wanted)
    return True


async def sam_build(settings: Settings, folder: Path, *options: str) -> None:
    """Run SAM's own build into `folder`; the caller has `build_tree`.

    Raises:
        BuildError: With the tool's last words.
    """
    parameters = f"Runtime={runtime()} Architecture={architecture()}"
    await _run(
        [settings.sam / "bin" / "sam", "build", "--template-file", ROOT / "template.yaml", "--build-dir", folder,
         "--parameter-overrides", parameters, *options],
        settings,
    )  # fmt: skip


async def finish(settings: Settings, folder: Path) -> None:
    """Trim the SDK in `folder` and add bytecode, which is all that we do after SAM.

    Raises:
        BuildError: With the tool's last words.
    """
    await _run([settings.python, "-m", "infra.build", folder], settings)


def _content_stamp() -> str:
    digest = hashlib.sha256(f"{interpreter()} {runtime()} {architecture()}".encode())
    digest.update((ROOT / "template.yaml").read_bytes())
    for folder in READ:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in (".py", ".txt", ".typed"):
                digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


async def _run(command: list[str | Path], settings: Settings) -> None:
    # SAM looks the runtime's interpreter up on PATH; the one that everything else runs on must be found first.
    path = os.pathsep.join([str(interpreter().parent), os.environ.get("PATH", "")])
    home = settings.run_dir / "sam"
    home.mkdir(parents=True, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=ROOT,
        env=clean_environment({"PATH": path, "SAM_CLI_TELEMETRY": "0", "HOME": str(home), **_pip_settings()}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    if process.returncode:
        tail = "\n".join(said.decode(errors="replace").splitlines()[-15:])
        raise BuildError(f"{Path(str(command[0])).name} failed ({process.returncode}):\n{tail}")


def _pip_settings() -> dict[str, str]:
    """The machine's own way to its package index, which SAM's build needs."""
    names = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "REQUESTS_CA")
    return {name: value for name, value in os.environ.items() if name.startswith(names)}

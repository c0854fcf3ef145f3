"""One running Asterisk: its folder, its ports, its start and its end.

`instance.json` in the state folder names the process, so that a bench which was killed does not leave one behind: the
next start on the same folder ends it, by its id and only while it is still the one of this folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from infra.pbx.asterisk.ami import AmiClient, AmiError, Fields
from infra.pbx.asterisk.config import BENCH_USER, Instance, Options, Ports, Secrets, render
from infra.pbx.asterisk.errors import StartError
from infra.pbx.asterisk.outside import HOST as OUTSIDE
from infra.pbx.asterisk.tree import Asterisk

LOOPBACK: Final = "127.0.0.1"
START_LIMIT_S: Final = 30.0
END_LIMIT_S: Final = 3.0
_POLL_S: Final = 0.03
_SOCKET_PATH_LIMIT: Final = 100  # AF_UNIX allows 108 bytes
_BASES: Final = range(6000, 22_000, 500)  # below the ports that systems hand out themselves
_FOLDERS: Final = ("etc", "lib/keys", "spool", "log/cdr-csv", "cache", "moh", "agi-bin", "run")
_QUIET: Final = b"\xff" * 80_000  # ten seconds of G.711 silence


class Bed:
    """An Asterisk in the folder `state`."""

    def __init__(
        self, program: Asterisk, state: Path, *, base: int | None = None, options: Options | None = None
    ) -> None:
        """Prepare.

        Args:
            program: What to start.
            state: Folder of this instance; made when it is not there.
            base: SIP port, the others follow from it; None looks for free ones.
            options: What is wanted otherwise.
        """
        self._program = program
        self._state = state.resolve()
        self._base = base
        self._options = options or Options()
        self._run = self._state / "run"
        self._process: asyncio.subprocess.Process | None = None
        self.secrets = Secrets()
        self.ports = Ports.at(base or 0)

    @property
    def options(self) -> Options:
        """What this instance was started with."""
        return self._options

    @property
    def pid(self) -> int | None:
        """Process id of the running Asterisk; None when it does not run."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def start(self) -> None:
        """Render the configuration, start Asterisk and wait until it is fully booted.

        Raises:
            StartError: No free ports, Asterisk ended, or it did not boot in time.
        """
        self._end_leftover()
        self._make_folders()
        async with _one_at_a_time():
            self.ports = free_ports(self._state) if self._base is None else ports_at(self._base)
            self._write_config()
            await self._launch()

    async def restart(self) -> None:
        """Stop and start on the same ports, as a power cut and a boot would: what lies in the database stays.

        Raises:
            StartError: It did not come up again.
        """
        await self.stop()
        await self._launch()

    async def stop(self) -> None:
        """End Asterisk, by force when it does not end in three seconds."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(END_LIMIT_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        (self._state / "instance.json").unlink(missing_ok=True)

    async def close(self) -> None:
        """Stop, and remove what lies outside the state folder."""
        await self.stop()
        if self._run.parent != self._state:
            shutil.rmtree(self._run, ignore_errors=True)

    def _make_folders(self) -> None:
        # A new instance begins with nobody logged on; a restart keeps the database.
        shutil.rmtree(self._state / "lib", ignore_errors=True)
        for name in _FOLDERS:
            (self._state / name).mkdir(parents=True, exist_ok=True)
        (self._state / "moh" / "silence.ulaw").write_bytes(_QUIET)
        if len(str(self._run / "asterisk.ctl")) > _SOCKET_PATH_LIMIT:
            self._run = Path(tempfile.mkdtemp(prefix="ringline-pbx-"))

    def _write_config(self) -> None:
        program = self._program
        instance = Instance(
            self._state, self._run, program.modules, program.data, self.ports, self.secrets, self._options
        )
        for name, text in render(instance).items():
            path = self._state / "etc" / name
            path.write_text(text)
            path.chmod(0o600)

    async def _launch(self) -> None:
        argv = [*_ends_with_us(), *self._program.argv, "-f", "-C", str(self._state / "etc" / "asterisk.conf")]
        with (self._state / "log" / "console.log").open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self._state,
                start_new_session=True,
            )
        (self._state / "instance.json").write_text(json.dumps({"pid": self._process.pid}))
        try:
            async with asyncio.timeout(START_LIMIT_S):
                await self._booted(self._process)
        except (StartError, AmiError, TimeoutError) as err:
            await self.stop()
            reason = "did not boot in time" if isinstance(err, TimeoutError) else "ended"
            raise StartError(f"asterisk {reason}: {self._last_words()}") from err

    async def _booted(self, process: asyncio.subprocess.Process) -> None:
        booted = asyncio.Event()

        def look(event: Fields) -> None:
            if event["Event"] == "FullyBooted":
                booted.set()

        while process.returncode is None:
            try:
                client = await AmiClient.open(
                    self.ports.ami, BENCH_USER, self.secrets.bench, events="system", on_event=look
                )
            except AmiError:
                await asyncio.sleep(_POLL_S)
                continue
            await booted.wait()
            await client.close()
            return
        raise StartError("ended")

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self._state / "log" / "console.log").read_text(errors="replace").splitlines()
            return " | ".join(lines[-5:])
        return "it said nothing"

    def _end_leftover(self) -> None:
        """End the Asterisk of a bench on this folder that was killed itself."""
        try:
            pid = int(json.loads((self._state / "instance.json").read_text())["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        deadline = time.monotonic() + END_LIMIT_S
        while _is_ours(pid, self._state):
            late = time.monotonic() > deadline
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
            time.sleep(_POLL_S)


def free_ports(state: Path) -> Ports:
    """A block of free ports; the search begins at a place that depends on `state`, so that neighbours rarely meet.

    Raises:
        StartError: Every block has a port in use.
    """
    first = int(hashlib.sha256(str(state).encode()).hexdigest(), 16) % len(_BASES)
    for step in range(len(_BASES)):
        with contextlib.suppress(StartError):
            return ports_at(_BASES[(first + step) % len(_BASES)])
    raise StartError("no block of free ports")


def ports_at(base: int) -> Ports:
    """The block at `base`.

    Raises:
        StartError: One of its ports is in use.
    """
    ports = Ports.at(base)
    here = ((LOOPBACK, port) for port in (ports.sip, ports.ami, ports.link, ports.rtp))
    for host, port in (*here, (OUTSIDE, ports.trunk)):
        if not _is_free(host, port):
            raise StartError(f"port {port} of {host} is in use")
    return ports


def _is_free(host: str, port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def _ends_with_us() -> list[str]:
    """Words before the program that let the kernel end it when this process dies without ending it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def _is_ours(pid: int, state: Path) -> bool:
    try:
        alive = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        return alive and f"{state}/etc/asterisk.conf".encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, IndexError):
        return False


@contextlib.asynccontextmanager
async def _one_at_a_time() -> AsyncIterator[None]:
    """Hold a lock of this user's while ports are chosen and taken: two starts could settle on the same."""
    with (Path(tempfile.gettempdir()) / f".ringline-pbx-{os.getuid()}.lock").open("a") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield

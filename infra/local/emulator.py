"""The AWS emulator as a process of its own: loopback only, clean environment, memory new at each start."""

from __future__ import annotations

import asyncio

import aiohttp

from infra.local.children import Child, ChildError, Children
from infra.local.ports import LOOPBACK
from infra.local.settings import REGION, Settings

READY_TIMEOUT_S = 30.0
HOME = "emulator"
"""Its folder in the stack's own; nothing in it outlives the stack."""


async def start(children: Children, settings: Settings, port: int) -> Child:
    """Start the emulator on `port` and wait until it serves.

    Raises:
        ChildError: It did not come up; the text shows its last words.
    """
    home = settings.run_dir / HOME
    # It unpacks the code for each process of a function, and leaves it behind when it ends.
    unpacked = home / "tmp"
    unpacked.mkdir(parents=True, exist_ok=True)
    child = await children.start(
        "emulator",
        [settings.emulator / "bin" / "python", "-m", "ministack"],
        cwd=home,
        env={
            "GATEWAY_PORT": str(port),
            "BIND_HOST": LOOPBACK,
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "AWS_DEFAULT_REGION": REGION,
            "HOME": str(home),
            "TMPDIR": str(unpacked),
        },
    )
    await _until_ready(child, f"http://{LOOPBACK}:{port}/_ministack/ready")
    return child


async def _until_ready(child: Child, url: str) -> None:
    deadline = asyncio.get_running_loop().time() + READY_TIMEOUT_S
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        while asyncio.get_running_loop().time() < deadline:
            if child.process.returncode is not None:
                break
            try:
                async with session.get(url) as answer:
                    if answer.status == 200 and (await answer.json(content_type=None)).get("status") == "completed":
                        return
            except (aiohttp.ClientError, TimeoutError, ValueError):
                pass
            await asyncio.sleep(0.05)
    raise ChildError(f"the AWS emulator did not come up:\n{child.last_words()}")

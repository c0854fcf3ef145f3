"""`make run`: brings the whole local stack up, stays in the foreground, and takes it down again.

python -m infra.local.run
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from infra.local import deploy, edge, emulator, pbx
from infra.local.build import BuildError, architecture, build, build_tree, runtime
from infra.local.children import Child, ChildError, Children
from infra.local.issuer import USERS, Issuer, load_or_make_key
from infra.local.ports import LOOPBACK, free_port, reserved
from infra.local.progress import step
from infra.local.seed import Admin, SeedError, admin_token, seed
from infra.local.settings import AUDIENCE, FIRST_PAGE_PORT, REGION, ROOT, SITE, TENANT, Settings, SettingsError
from infra.local.settings import from_environment as settings_from_environment

FRESH = ("edge", emulator.HOME, "logs", "asterisk")
PAGES_TIMEOUT_S = 15.0


@dataclass
class Stack:
    """What is known of a stack that is up."""

    page_url: str
    deployed: deploy.Deployed
    issuer: Issuer
    code: str
    pids: dict[str, int]
    pbx: pbx.Pbx
    edge: edge.Edge | None

    def ready(self) -> dict[str, Any]:
        """The content of `ready.json`."""
        return {
            "page_url": self.page_url,
            "api_url": f"{self.page_url}api",
            "stack": deploy.STACK,
            "table": self.deployed.outputs["TableName"],
            "aws": {"endpoint_url": self.deployed.endpoint_url, "region": REGION},
            "users": [
                {
                    "user": user.user,
                    "password": user.password,
                    "token": self.issuer.token(user),
                    "station": user.station,
                    "roles": list(user.roles),
                }
                for user in USERS
            ],
            "pbx": {"kind": self.pbx.kind, "control_url": f"{self.page_url}pbx" if self.pbx.control_url else None},
            "edge": {
                "id": edge.EDGE_ID if self.edge else None,
                "pid": self.edge.child.pid if self.edge else None,
                "health_url": self.edge.health_url if self.edge else None,
                "metrics_url": self.edge.metrics_url if self.edge else None,
                "socket_url": self.deployed.edge_socket_url,
                "site": SITE,
                "enrolment_code": self.code,
            },
            "pids": self.pids,
        }


async def bring_up(children: Children, settings: Settings) -> Stack:
    """Start everything, in an order in which each part finds what it needs.

    Raises:
        BuildError, ChildError, DeployError, SeedError: The step that failed, with the reason.
    """
    async with build_tree():
        with step("build"):
            await build(settings)
        package = await asyncio.to_thread(deploy.packaged, settings.run_dir / emulator.HOME / "layers")
    emulator_port, listener = free_port(), reserved(FIRST_PAGE_PORT)
    page_port = listener.getsockname()[1]
    page_url = f"http://{LOOPBACK}:{page_port}/"
    key = settings.run_dir / "issuer.pem"
    issuer = Issuer(f"{page_url}oidc", load_or_make_key(key))
    with step("AWS emulator"):
        aws = await emulator.start(children, settings, emulator_port)
    endpoint_url = f"http://{LOOPBACK}:{emulator_port}"
    with step("deploy"):
        parameters = {**settings.parameters, **_parameters(issuer.url, page_url)}
        stack = await deploy.deploy(endpoint_url, package, parameters)
    with step(f"PBX ({settings.pbx})"):
        running_pbx = await pbx.start(children, settings, dict(os.environ))
    config = {
        "page_port": page_port,
        "api_url": stack.http_api_url,
        "control_url": running_pbx.control_url,
        "issuer": issuer.url,
        "issuer_key": str(key),
    }
    with step("pages"), listener:
        pages = await _pages(children, settings, {**config, "listener": listener.fileno()})
    async with aiohttp.ClientSession() as session:
        admin = Admin(session, f"{page_url}api", admin_token(issuer))
        with step("tenant, site, users"):
            await seed(admin)
        running_edge = None
        if settings.edge:
            with step("edge"):
                code = await admin.enrolment_code()
                running_edge = await edge.start(children, settings, f"{page_url}api", code, running_pbx)
        code = await admin.enrolment_code()
    pids = {"emulator": aws.pid, "pages": pages.pid}
    pids |= {"edge": running_edge.child.pid} if running_edge else {}
    pids |= {"pbx": running_pbx.child.pid} if running_pbx.child else {}
    return Stack(page_url, stack, issuer, code, pids, running_pbx, running_edge)


def _parameters(issuer_url: str, page_url: str) -> dict[str, str]:
    return {
        "Emulated": "true",
        "Runtime": runtime(),
        "Architecture": architecture(),
        "OidcIssuer": issuer_url,
        "OidcAudience": AUDIENCE,
        "UserClaim": "sub",
        "DeletionProtection": "false",
        "FixedTenant": TENANT,
        "AllowedOrigins": page_url.rstrip("/"),
    }


async def _pages(children: Children, settings: Settings, config: dict[str, Any]) -> Child:
    path = settings.run_dir / "pages.json"
    path.write_text(json.dumps(config))
    command: list[str | Path] = [settings.python, "-m", "infra.local.pages", path]
    child = await children.start("pages", command, cwd=ROOT, inherits=(config["listener"],))
    await children.ready_line(child, PAGES_TIMEOUT_S)
    return child


def announce(stack: Stack, settings: Settings) -> None:
    """Write `ready.json` by rename, then the banner, whose last line is `READY <page_url>`."""
    path = settings.run_dir / "ready.json"
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(stack.ready(), indent=1))
    fresh.rename(path)
    agents = ", ".join(f"{user.user} {user.station}" for user in USERS if user.station)
    lines = [
        "",
        f"  Ringline is up on {stack.page_url}",
        f"  Agents and their phones: {agents}. The PBX: {stack.pbx.kind}.",
        "  Open the page, press Ready on a panel, let a customer call 5000, and answer on the desk phone.",
        "  Ctrl-C ends everything.",
        "",
        f"READY {stack.page_url}",
    ]
    print("\n".join(lines), flush=True)


async def main() -> int:
    """Bring up, wait for a signal or for a child that ends, take down. The exit code of `make run`."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        settings = settings_from_environment()
    except SettingsError as err:
        print(f"make run: {err}", file=sys.stderr)
        return 2
    _clear(settings.run_dir)
    children = Children(settings.run_dir / "logs")
    try:
        return await _until_ended(children, settings, ended)
    finally:
        (settings.run_dir / "ready.json").unlink(missing_ok=True)
        await children.stop()
        shutil.rmtree(settings.run_dir / emulator.HOME, ignore_errors=True)


async def _until_ended(children: Children, settings: Settings, ended: asyncio.Event) -> int:
    up = asyncio.create_task(bring_up(children, settings))
    stop = asyncio.create_task(ended.wait())
    await asyncio.wait({up, stop}, return_when=asyncio.FIRST_COMPLETED)
    if stop.done():
        up.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await up
        return 0
    try:
        stack = up.result()
    except (BuildError, ChildError, deploy.DeployError, SeedError) as err:
        print(f"make run: {err}", file=sys.stderr)
        return 1
    announce(stack, settings)
    fallen = asyncio.create_task(children.first_to_end())
    await asyncio.wait({fallen, stop}, return_when=asyncio.FIRST_COMPLETED)
    fallen.cancel()
    if stop.done():
        return 0
    child = fallen.result()
    print(f"make run: {child.name} ended by itself:\n{child.last_words()}", file=sys.stderr)
    return 1


def _clear(run_dir: Path) -> None:
    """Remove what belongs to a former run; the emulator's memory is new, so the edge's key and spool must be too."""
    run_dir.mkdir(parents=True, exist_ok=True)
    (run_dir / "ready.json").unlink(missing_ok=True)
    for name in FRESH:
        shutil.rmtree(run_dir / name, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

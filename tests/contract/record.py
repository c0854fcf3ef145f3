"""Record golden traces of consultations on the bench's own Asterisk.

    python -m tests.contract.record [WORD ...]

Each scenario begins at a quiet bench and ends with everybody hung up. What Asterisk sent of the classes `call` and
`agent` goes to `tests/traces/asterisk/<scenario>/in.ami`, as it was sent; `python -m tests.contract.golden --update`
then writes the documents.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from infra.pbx.asterisk.bench import Bench, running
from infra.pbx.asterisk.config import BENCH_USER
from ringline_core.wire.codes import Verb
from tests.contract.golden import TRACES
from tests.support.asterisk_desk import CUSTOMER, FAR, Desk
from tests.support.waiting import eventually

_END = b"\r\n\r\n"
_CLASSES = "call,agent"
_VERSION = "Asterisk 22.10.1"


@contextlib.asynccontextmanager
async def recording(bench: Bench, path: Path) -> AsyncIterator[None]:
    """Write to `path` what AMI sends while the context lasts."""
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.bed.ports.ami)
    login = {"Action": "Login", "Username": BENCH_USER, "Secret": bench.bed.secrets.bench, "Events": _CLASSES}
    writer.write("\r\n".join(f"{name}: {value}" for name, value in login.items()).encode() + _END)
    await reader.readline()  # the banner
    await reader.readuntil(_END)  # the login's answer
    kept = bytearray()

    async def keep() -> None:
        while True:
            message = await reader.readuntil(_END)
            if message.startswith(b"Event: "):
                kept.extend(message)

    keeping = asyncio.create_task(keep())
    try:
        yield
        await eventually(lambda: kept.count(b"Event: Newchannel") == kept.count(b"Event: Hangup\r\n"), timeout_s=10)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        writer.close()
    path.write_bytes(bytes(kept))


async def consults(desk: Desk, to: str = "1004") -> str:
    """1001 has a customer, by the queue, and asks `to`; the customer's call."""
    await desk.in_talk()
    call = str(desk.call("1001")["call"])
    await desk.do(Verb.CONSULT, "1001", call, to=to, data={"ticket": "T-9"})
    if to.startswith("1"):
        await desk.sees(to, "alerting")
        await eventually(lambda: desk.bench.phones[to].display.state == "ringing")
    return call


async def answered(desk: Desk) -> str:
    """The same, and 1004 has answered."""
    call = await consults(desk)
    desk.bench.phones["1004"].answer()
    await desk.sees("1001", "hold", "connected")
    await desk.sees("1004", "connected")
    return call


async def completed(desk: Desk) -> None:
    """An agent asks a colleague from the page and completes; the customer hangs up in the end."""
    await desk.do(Verb.COMPLETE, "1001", await answered(desk))
    await desk.sees("1001")
    await eventually(lambda: desk.call("1004")["remote"]["number"] == CUSTOMER)


async def semi(desk: Desk) -> None:
    """An agent asks a colleague from the page and completes while it still rings there; the colleague answers then."""
    await desk.do(Verb.COMPLETE, "1001", await consults(desk))
    await desk.sees("1001")
    await eventually(lambda: desk.names("1004") == ["ringing", "diverted", "ringing"])
    await eventually(lambda: desk.bench.phones["1004"].display.state == "ringing")
    desk.bench.phones["1004"].answer()
    await desk.sees("1004", "connected")


async def cancelled(desk: Desk) -> None:
    """An agent asks a colleague from the page, who answers, and goes back to the customer."""
    await desk.do(Verb.CANCEL, "1001", await answered(desk))
    await desk.sees("1001", "connected")


async def refused(desk: Desk) -> None:
    """An agent asks a colleague from the page, who refuses: the agent has the customer back."""
    await consults(desk)
    desk.bench.phones["1004"].reject()
    await desk.sees("1001", "connected")


async def swapped(desk: Desk) -> None:
    """An agent asks a colleague, goes to the customer and back, and brings all three together; the agent leaves."""
    call = await answered(desk)
    await desk.do(Verb.SWAP, "1001", call)
    await desk.sees("1001", "connected", "hold")
    await desk.do(Verb.SWAP, "1001", call)
    await desk.sees("1001", "hold", "connected")
    await desk.do(Verb.CONFERENCE, "1001", call)
    await desk.sees("1001", "connected")
    await eventually(lambda: "conferenced" in desk.names("1004"))
    await desk.do(Verb.DROP, "1001", call)
    await desk.sees("1001")


async def two_outside(desk: Desk) -> None:
    """An agent asks somebody outside and brings both outside parties together: each keeps an interaction."""
    call = await consults(desk, FAR)
    await desk.sees("1001", "hold", "connected")
    await desk.do(Verb.CONFERENCE, "1001", call)
    await desk.sees("1001", "connected")
    await eventually(lambda: len(desk.call("1001")["parties"]) == 2)


async def customer_gone(desk: Desk) -> None:
    """The customer hangs up while the agent asks a colleague: the two talk on."""
    await answered(desk)
    await desk.bench.outside.hang_up_all()
    await desk.sees("1001", "connected")


async def into_older(desk: Desk) -> None:
    """An agent talks to a colleague, takes a customer's direct call, and joins the older call to it by the keys."""
    await desk.bench.phones["1001"].dial("1004")
    await desk.sees("1004", "alerting")
    await eventually(lambda: desk.bench.phones["1004"].display.state == "ringing")
    desk.bench.phones["1004"].answer()
    await desk.sees("1001", "connected")
    await desk.bench.connected("1001")
    await desk.bench.phones["1001"].hold()
    desk.bench.outside.dial_in(CUSTOMER, "1001")
    await desk.sees("1001", "hold", "alerting")
    await eventually(lambda: desk.bench.phones["1001"].display.state == "ringing")
    desk.bench.phones["1001"].answer()
    await desk.sees("1001", "hold", "connected")
    await desk.bench.connected("1001")
    await desk.bench.phones["1001"].complete()
    await desk.sees("1001")
    await eventually(lambda: desk.call("1004")["remote"]["number"] == CUSTOMER)


SCENARIOS: dict[str, Callable[[Desk], Awaitable[None]]] = {
    "consult-complete": completed,
    "consult-complete-semi": semi,
    "consult-cancel": cancelled,
    "consult-refused": refused,
    "consult-swap-conference": swapped,
    "consult-conference-two-outside": two_outside,
    "consult-customer-gone": customer_gone,
    "attended-older-call-into-customers": into_older,
}


async def main(words: list[str]) -> None:
    """Record all scenarios, or those whose name holds one of `words`."""
    with tempfile.TemporaryDirectory() as state:
        async with running(Path(state)) as bench:
            for name, scenario in SCENARIOS.items():
                if words and not any(word in name for word in words):
                    continue
                folder = TRACES / "asterisk" / name
                folder.mkdir(parents=True, exist_ok=True)
                await _record(bench, folder, scenario)
                said = {"pbx": _VERSION, "link": f"AMI, classes {_CLASSES}, as sent", "scenario": scenario.__doc__}
                (folder / "meta.toml").write_text("".join(f'{key} = "{value}"\n' for key, value in said.items()))


async def _record(bench: Bench, folder: Path, scenario: Callable[[Desk], Awaitable[None]]) -> None:
    desk = Desk(bench)
    await desk.begin()
    try:
        async with recording(bench, folder / "in.ami"):
            await scenario(desk)
            await bench.outside.hang_up_all()
            await asyncio.gather(*(phone.hang_up_all() for phone in bench.phones.values()))
    finally:
        await desk.end()
        await bench.quiet()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

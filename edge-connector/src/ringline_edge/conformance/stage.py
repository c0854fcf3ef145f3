"""What a scenario stands on: one adapter in a session with one PBX, the documents it leads to, and hands for phones."""

from __future__ import annotations

import asyncio
import inspect
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ringline_core.domain.facts import CallLegs, Fact, Snapshot
from ringline_core.domain.holds import HoldKind
from ringline_core.domain.linkage import Linkage
from ringline_core.domain.model import StationModel
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge import linkage, registry
from ringline_edge.conformance.phone_bank import NotNowError, PhoneBank
from ringline_edge.supervisor import Part

PATIENCE_S: Final = 6.0
_POLL_S: Final = 0.01
_AGAIN_S: Final = 0.05
CUSTOMER: Final = "+442071234567"
OTHER_CUSTOMER: Final = "+442079460111"
FAR: Final = "+442079460123"
SIGNING: Final = "the kit's own secret of keys between sites"


class UnsupportedError(Exception):
    """This PBX or its adapter cannot play the scenario; the text says what is lacking."""


class NotSeenError(Exception):
    """What the scenario expects did not come true; the text has both."""


@dataclass(frozen=True, slots=True)
class World:
    """A PBX under the kit.

    Attributes:
        bank: Hands for its phones and callers.
        settings: The adapter's own table that reaches it.
        offers: What the scenarios' `world` may ask of it beside phones: see `scenarios.WORLD`.
        turn_clock: Sets the PBX's clock ahead by so many seconds, or back; None where its events bear no time.
        wraps_up: The PBX gives a station's agent time after calls of queues from now on; None where it never does.
        kind: The adapter's, as `[pbx] kind` names it, where the world has a name of its own.
        silent: Keys of a call or a transition that this PBX does not tell: not compared, and the sheet says so.
        mischief: Spoils the link; None where the bytes are not ours to spoil.
    """

    bank: PhoneBank
    settings: Mapping[str, Any]
    offers: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    mischief: Callable[[str], None] | None = None
    turn_clock: Callable[[int], None] | None = None
    wraps_up: Callable[[str], None] | None = None
    kind: str | None = None


class Stage:
    """One scenario's adapter, model and phones."""

    def __init__(self, kind: str, world: World) -> None:
        """`kind` as `[pbx] kind` names it, where the world does not say so itself."""
        self.world = world
        self.adapter = registry.create(world.kind or kind, dict(world.settings), "the kit")
        self.model = StationModel("kit")
        self.model.lead(1)
        self.model.capabilities = self.adapter.capabilities.of
        self.model.linkage = Linkage(SIGNING)
        self.snapshots = 0
        self._part = Part("pbx", pause=_soon)
        self._running: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Run sessions from now on; returns when the first one has told everything.

        Raises:
            NotSeenError: It did not.
        """
        self._running = asyncio.create_task(self._part.run(lambda: self.adapter.run(self._emit), self._lost))
        await self.until(lambda: self.snapshots > 0, "the first snapshot")

    async def end(self) -> None:
        """End the session."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def _emit(self, fact: Fact) -> None:
        self.model.apply(fact)
        if isinstance(fact, Snapshot):
            self.model.capabilities = self.adapter.capabilities.of
            self._part.found()
            self.snapshots += 1

    def _lost(self) -> None:
        self.model.link_lost(_now_ms())

    def document(self, station: str) -> dict[str, Any]:
        """The station's document as it is now."""
        return self.model.document(station)

    async def until(self, check: Callable[[], object | Awaitable[object]], what: str) -> Any:
        """The first truthy value of `check`.

        Raises:
            NotSeenError: It did not come in time.
        """
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            found = check()
            value = await found if inspect.isawaitable(found) else found
            if value:
                return value
            if asyncio.get_running_loop().time() > deadline:
                raise NotSeenError(f"not within {PATIENCE_S:g} s: {what}")
            await asyncio.sleep(_POLL_S)

    async def shows(self, station: str, *expected: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Wait until the station has exactly these calls; each names what it must have, oldest call first.

        Raises:
            NotSeenError: It never had.
        """
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            calls = sorted(self.document(station)["calls"], key=lambda each: each["started_at"])
            if len(calls) == len(expected) and all(map(self._fits, calls, expected)):
                return calls
            if asyncio.get_running_loop().time() > deadline:
                seen = [self._of(call, {"leg": "", "remote": "", **wanted}) for call, wanted in _pairs(calls, expected)]
                raise NotSeenError(f"{station} should show {[dict(each) for each in expected]}, shows {seen}")
            await asyncio.sleep(_POLL_S)

    async def tells(self, station: str, *events: str) -> None:
        """Wait until exactly these transitions of calls were told, each `event cause by`, what is not there left out.

        Raises:
            NotSeenError: They were not.
        """
        wanted = [self._without_silent(each.split()) for each in events]
        try:
            await self.until(lambda: self._told(station) == wanted, "")
        except NotSeenError:
            raise NotSeenError(f"{station} should tell {wanted}, told {self._told(station)}") from None

    async def raises(self, station: str, event: str) -> None:
        """Wait until the station has told of this transition, whatever else it told.

        Raises:
            NotSeenError: It has not.
        """

        def is_told() -> bool:
            return any(each["event"] == event for each in self.document(station)["recent"])

        await self.until(is_told, f"{station} tells {event}")

    async def agent(self, station: str, state: str) -> None:
        """Wait until the agent is shown so.

        Raises:
            NotSeenError: They were not.
        """
        try:
            await self.until(lambda: self.document(station)["agent"]["state"] == state, "")
        except NotSeenError:
            seen = self.document(station)["agent"]["state"]
            raise NotSeenError(f"the agent at {station} should be {state}, is {seen}") from None

    async def press(self, station: str, button: str, argument: str = "") -> None:
        """Press a button, as soon as the phone can.

        Raises:
            NotSeenError: It never could.
        """

        async def done() -> bool:
            try:
                await self.world.bank.press(station, button, argument)
            except NotNowError:
                return False
            return True

        await self.until(done, f"{station} presses {button} {argument}")

    async def caller(self, to: str, number: str = CUSTOMER, uui: str | None = None) -> str:
        """An outside caller dials."""
        return await self.world.bank.dial_in(number, to, uui)

    def key(self, interaction: str, secret: str = SIGNING) -> str:
        """The key that another site, which has this secret, would send along with a call of this interaction."""
        return Linkage(secret).key(interaction, _now_ms())

    async def goes_out(self, number: str, interaction: str) -> None:
        """Wait until an outside number is called with the key of an interaction.

        Raises:
            NotSeenError: It was not.
        """
        seen: list[str | None] = []

        async def is_there() -> bool:
            seen[:] = [await self.world.bank.sent_along(number)]
            return Linkage(SIGNING).interaction(seen[0] or "", _now_ms()) == interaction

        try:
            await self.until(is_there, "")
        except NotSeenError:
            raise NotSeenError(f"{number} should be called with the key of {interaction}, got {seen}") from None

    async def command(self, verb: Verb, station: str, call: str | None = None, **more: Any) -> None:
        """Have the adapter do something.

        Raises:
            UnsupportedError: It cannot, as configured.
            CommandError: The PBX refused.
        """
        legs = self.model.call_legs(station, call) if call else CallLegs()
        if legs is None:
            raise NotSeenError(f"{station} has no call {call} to {verb.value}")
        await self._execute(verb, station, call, legs, more)

    async def _execute(self, verb: Verb, station: str, call: str | None, legs: CallLegs, more: dict[str, Any]) -> None:
        if verb not in self.adapter.capabilities.of(station):
            raise UnsupportedError(f"verb {verb.value}")
        deadline = datetime.now(UTC) + timedelta(seconds=8)
        command = EdgeCommand(id=uuid.uuid4().hex, verb=verb, station=station, call=call, deadline_at=deadline, **more)
        command = linkage.along(command, self.model, _now_ms())
        self.model.expect(verb, station, call)
        await self.adapter.execute(command, legs)

    async def hold(self, station: str) -> None:
        """Have the adapter keep the agent from calls.

        Raises:
            UnsupportedError: It cannot, here.
        """
        try:
            await self.adapter.hold(station, HoldKind.GATE.reason, in_call=False)
        except CommandError as err:
            if err.error_code is ErrorCode.UNSUPPORTED:
                raise UnsupportedError(err.text) from err
            raise

    async def refusal(self, verb: Verb, station: str, call: str, legs: CallLegs) -> str:
        """The code with which a command about legs that are gone is refused.

        Raises:
            UnsupportedError: The adapter cannot do the verb at all.
            NotSeenError: It was not refused.
        """
        try:
            await self._execute(verb, station, call, legs, {})
        except CommandError as err:
            return err.error_code.value
        raise NotSeenError(f"{verb.value} at {station} was not refused")

    async def ready(self, station: str, *queues: str) -> None:
        """Log the phone on to queues and make the agent ready.

        Raises:
            UnsupportedError: The adapter does neither.
        """
        await self.command(Verb.LOG_ON, station, login=station, queues=queues or ("support",), name=f"Agent {station}")
        await self.until(lambda: self.document(station)["agent"]["state"] not in ("logged_off", "unknown"), "log-on")
        await self.command(Verb.SET_STATE, station, state="ready")
        await self.agent(station, "ready")

    async def talking(self, station: str, number: str = CUSTOMER) -> str:
        """A customer of the station's, answered by the phone; the call's id."""
        await self.caller(station, number)
        await self.until(lambda: "alerting" in self._legs(station), f"a call that alerts at {station}")
        await self.press(station, "answer")
        await self.until(lambda: "alerting" not in self._legs(station), f"the answer at {station}")
        found = [call for call in self.document(station)["calls"] if call["leg"] == "connected"]
        return str(found[-1]["call"])

    async def begins_anew(self) -> None:
        """Cut the link; returns when the next session has told everything."""
        seen = self.snapshots
        await self.world.bank.drop_link(0.05)
        await self.until(lambda: self.snapshots > seen, "the next snapshot")

    def spoil(self, how: str) -> None:
        """Have the link do something that links do: see `mischief.KINDS`.

        Raises:
            UnsupportedError: The bytes are not the kit's to spoil.
        """
        if self.world.mischief is None:
            raise UnsupportedError("a link of the kit's own")
        self.world.mischief(how)

    def turn_clock(self, seconds: int) -> None:
        """Have the PBX's clock jump.

        Raises:
            UnsupportedError: Its events bear no time.
        """
        if self.world.turn_clock is None:
            raise UnsupportedError("times of the PBX's own in its events")
        self.world.turn_clock(seconds)

    def wraps_up(self, station: str) -> None:
        """Have the PBX itself keep the agent from calls for a while after each call of a queue.

        Raises:
            UnsupportedError: It has no such thing, or tells nobody.
        """
        if self.world.wraps_up is None:
            raise UnsupportedError("a wrap-up of the PBX's own that is told")
        self.world.wraps_up(station)

    def _legs(self, station: str) -> list[str]:
        return [call["leg"] for call in self.document(station)["calls"]]

    def _told(self, station: str) -> list[str]:
        told = (each for each in self.document(station)["recent"] if each["call"])
        return [self._without_silent([each[key] for key in ("event", "cause", "by") if each[key]]) for each in told]

    def _without_silent(self, words: list[str]) -> str:
        """`event cause by` without what this PBX does not tell."""
        return " ".join(word for word in words if word == words[0] or _KIND.get(word, "by") not in self.world.silent)

    def _fits(self, call: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
        told = {key: value for key, value in wanted.items() if key not in self.world.silent}
        return self._of(call, told) == told

    def _of(self, call: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        flat = {**call, "remote": call["remote"]["number"], "presentation": call["remote"]["presentation"]}
        flat |= {"held": call["held_at"] is not None, "consult": call["consult_of"] is not None}
        flat["parties"] = sorted(f"{each['number']} {each['leg']}" for each in call["parties"])
        return {key: flat.get(key) for key in wanted}


_CAUSES = (
    "normal busy no_answer rejected abandoned answered_elsewhere picked_up forwarded parked network not_found timeout "
    "reconciled"
)
_KIND: Final = dict.fromkeys(_CAUSES.split(), "cause")


def _pairs(
    calls: list[dict[str, Any]], expected: tuple[Mapping[str, Any], ...]
) -> list[tuple[dict[str, Any], Mapping[str, Any]]]:
    return [(call, expected[number] if number < len(expected) else {}) for number, call in enumerate(calls)]


async def _soon(_: float) -> None:
    """The kit does not wait as a site does."""
    await asyncio.sleep(_AGAIN_S)


def _now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)

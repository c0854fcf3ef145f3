"""The adapter of feeds that a profile describes."""

from __future__ import annotations

from typing import Final

from ringline_core.domain.facts import CallLegs, Snapshot
from ringline_core.errors import CommandError, PbxProtocolError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.examination import Examination, of_snapshot
from ringline_edge.adapters.mapping.asks import HttpSession
from ringline_edge.adapters.mapping.commands import login_of, refuse_barred, requests
from ringline_edge.adapters.mapping.config import MappingConfig
from ringline_edge.adapters.mapping.hooks import HookSession
from ringline_edge.adapters.mapping.plan import Plan
from ringline_edge.adapters.mapping.polls import PollSession
from ringline_edge.adapters.mapping.session import Session
from ringline_edge.adapters.mapping.translate import Translator
from ringline_edge.adapters.mapping.values import Scalar
from ringline_edge.adapters.port import Capabilities, Emit, PbxIdentity
from ringline_edge.adapters.tap import Tap

_KINDS: Final[dict[str, type[Session | HttpSession]]] = {"webhook": HookSession, "poll": PollSession}
"""Sessions of feeds that are no streams, by transport."""


class MappingAdapter:
    """The `PbxAdapter` of a profile."""

    def __init__(self, config: MappingConfig, plan: Plan, tap: Tap | None = None) -> None:
        """`plan` is of the profile that `config` names."""
        self._config, self._plan, self._tap = config, plan, tap
        self._settings = {name: secret.get_secret_value() for name, secret in config.settings.items()}
        self._translator = Translator(plan, self._settings)
        self._capabilities = Capabilities(frozenset(plan.commands))
        self._session: Session | HttpSession | None = None
        self._emit: Emit = lambda _fact: None

    @property
    def identity(self) -> PbxIdentity:
        """See `PbxAdapter.identity`; the profile's name stands for the version."""
        return PbxIdentity("mapping", self._plan.profile.name)

    @property
    def capabilities(self) -> Capabilities:
        """See `PbxAdapter.capabilities`: the commands that are in the profile."""
        return self._capabilities

    @property
    def held(self) -> frozenset[str]:
        """See `PbxAdapter.held`; profiles make no holds."""
        return frozenset()

    @property
    def unmatched(self) -> int:
        """Messages so far that no rule of the profile knew."""
        return self._translator.unmatched

    async def run(self, emit: Emit) -> None:
        """See `PbxAdapter.run`."""
        self._emit = emit
        kind = _KINDS.get(self._plan.profile.transport, Session)
        async with kind.opened(self._plan, self._translator, self._config, self._settings, emit, self._tap) as session:
            self._session = session
            try:
                await session.run()
            finally:
                self._session = None

    async def execute(self, command: EdgeCommand, calls: CallLegs) -> None:
        """See `PbxAdapter.execute`."""
        session = self._session
        if session is None or not session.is_live:
            raise CommandError(ErrorCode.PBX_DOWN, "The PBX cannot be reached.")
        rule = self._plan.commands.get(command.verb)
        remember = rule.rule.remember if rule is not None else {}
        floor, leg = self._translator.floor, calls.legs[0] if calls.legs else ""
        refuse_barred(self._plan, command, calls, floor, session.known)
        were = floor.remark(leg, remember)
        self._tell_barred()
        try:
            await self._ask_all(session, command, calls)
        except BaseException:
            # Refused, or given up by who gave it: what it would have led to is not to be expected.
            floor.remark(leg, were)
            self._tell_barred()
            raise

    def _tell_barred(self) -> None:
        """What a command left behind may be what verbs depend on, and no message need ever tell of it."""
        if self._session is None or not self._session.is_live:
            return
        for fact in self._translator.floor.barred_anew():
            self._emit(fact)

    async def _ask_all(self, session: Session | HttpSession, command: EdgeCommand, calls: CallLegs) -> None:
        floor = self._translator.floor
        known, password_of = session.known, self._config.password_of
        secrets = (password_of(login_of(command, floor)), *known.values())
        answers = dict[str, Scalar]()
        try:
            said = requests(self._plan, command, calls, floor, known, session.new_id, password_of, answers)
            for number, request in enumerate(said):
                asked = self._plan.commands[command.verb]
                if number % len(asked.messages) == 0:
                    answers.clear()  # what was answered of the queue before is not of this one
                answer = await session.carry(request, asked.rule, secrets)
                answers |= {} if answer is None else asked.captured(answer)
        except PbxUnavailableError as err:
            raise CommandError(ErrorCode.PBX_DOWN, "The PBX cannot be reached.") from err
        except PbxProtocolError as err:
            raise CommandError(ErrorCode.NOT_ALLOWED, "The PBX's framing cannot hold this command.") from err

    async def hold(self, station: str, reason: str, *, in_call: bool) -> None:
        """See `PbxAdapter.hold`."""
        raise CommandError(ErrorCode.UNSUPPORTED, "A mapping profile cannot keep an agent from calls.")

    async def unhold(self, station: str) -> None:
        """See `PbxAdapter.unhold`; there are none."""

    async def snapshot(self) -> Snapshot:
        """See `PbxAdapter.snapshot`."""
        if self._session is None or not self._session.is_live:
            raise PbxUnavailableError("no link to the PBX")
        return await self._session.snapshot()

    async def examine(self, station: str) -> Examination | None:
        """See `PbxAdapter.examine`."""
        return of_snapshot(await self.snapshot(), station, held=self.held)

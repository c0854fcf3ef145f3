"""Plays the samples that a profile brings: messages in, documents and commands out. Pure."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from ringline_core.domain.facts import CallLegs
from ringline_core.domain.model import StationModel
from ringline_core.errors import CommandError, PbxProtocolError
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.mapping import exchange
from ringline_edge.adapters.mapping.commands import refuse_barred, requests
from ringline_edge.adapters.mapping.exchange import HttpMessage
from ringline_edge.adapters.mapping.expressions import Compiler
from ringline_edge.adapters.mapping.loading import Lines, ProfileError
from ringline_edge.adapters.mapping.plan import Plan
from ringline_edge.adapters.mapping.profile import Sample, SampleStep
from ringline_edge.adapters.mapping.protocol import Framer, frame
from ringline_edge.adapters.mapping.translate import Translator
from ringline_edge.adapters.mapping.values import Scalar, Template, listed

BEGIN_MS: Final = 1_780_000_000_000
STEP_MS: Final = 1000
_LEGS: Final = ("legs", "others", "consults")
_OURS: Final = (*_LEGS, "password")
_ANSWERED: Final = "an answer"
_SILENT: Final = "a secret"


def play(plan: Plan, sample: Sample) -> list[str]:
    """What does not come out as the sample says; empty when all does."""
    played = _Played(plan, sample.settings)
    return [
        f"{sample.name}, step {number}: {fault}"
        for number, step in enumerate(sample.steps, 1)
        for fault in played.step(step)
    ]


class _Played:
    """One sample on its way; time goes on by a second with each message."""

    def __init__(self, plan: Plan, settings: Mapping[str, str]) -> None:
        self._plan = plan
        self._settings = {**dict.fromkeys(plan.profile.settings, _SILENT), **settings}
        captured = {name for step in plan.login for name in step.capture}
        self._known = {f"settings.{name}": value for name, value in self._settings.items()}
        self._known |= dict.fromkeys(captured, _SILENT)
        self._translator = Translator(plan, self._settings)
        self._model = StationModel("sample")
        self._model.lead(1)
        self._model.capabilities = lambda _station: frozenset(plan.commands)
        self._model.apply(self._translator.picture(BEGIN_MS))
        self._now_ms = BEGIN_MS
        self._ids = itertools.count(1)

    def step(self, step: SampleStep) -> Iterator[str]:
        """Play a step; the faults in it."""
        for message in step.tell:
            text = message if isinstance(message, str) else json.dumps(message)
            yield from self._hear(text.strip("\n"))
        if step.command is not None:
            yield from self._command(step.command, step.sends)
        for station, calls in step.shows.items():
            yield from self._shows(station, calls)
        for station, events in step.tells.items():
            told = [self._event(each) for each in self._model.document(station)["recent"] if each["call"]]
            if told != list(events):
                yield f"{station} should tell {list(events)}, told {told}"
        for station, state in step.agents.items():
            shown = self._model.document(station)["agent"]["state"]
            if shown != state:
                yield f"the agent at {station} should be {state}, is {shown}"
        if step.unmatched is not None and step.unmatched != self._translator.unmatched:
            yield f"{step.unmatched} messages should be unmatched, {self._translator.unmatched} are"

    def _hear(self, text: str) -> Iterator[str]:
        self._now_ms += STEP_MS
        try:
            # Through the frame too, so that a sample that its framing would cut is noticed.
            (whole,) = Framer(self._plan.profile).receive_data(frame(self._plan.profile, text))
            heard = self._translator.hear(whole, self._now_ms)
        except (PbxProtocolError, ValueError) as err:
            yield f"a message that is none: {err}"
            return
        for fact in self._translator.facts(heard):
            self._model.apply(fact)

    def _command(self, given: Mapping[str, Any], sends: tuple[Template, ...]) -> Iterator[str]:
        arguments = {name: value for name, value in given.items() if name not in _OURS}
        legs = CallLegs(*(tuple(map(str, listed(given.get(name, ())) or ())) for name in _LEGS))
        if legs.legs:
            arguments.setdefault("call", "c-1")
        password = str(given.get("password", _SILENT))
        deadline = "2030-01-01T00:00:00.000Z"
        try:
            command = EdgeCommand.model_validate({"id": "sample", "deadline_at": deadline, **arguments})
            floor = self._translator.floor
            refuse_barred(self._plan, command, legs, floor, self._known)
            rule = self._plan.commands.get(command.verb)
            answers: dict[str, Scalar] = dict.fromkeys(() if rule is None else rule.capture, _ANSWERED)
            said = [
                message for _, message in requests(
                    self._plan, command, legs, floor, self._known, self._new_id, lambda _login: password, answers
                )
            ]  # fmt: skip
            wanted = [self._message(each) for each in sends]
        except (ValidationError, CommandError, ProfileError) as err:
            yield f"the command cannot be said: {err}"
            return
        if [each.strip() if isinstance(each, str) else each for each in said] != wanted:
            yield f"the command should send {wanted}, sends {said}"

    def _message(self, template: Template) -> str | HttpMessage:
        if self._plan.profile.transport not in exchange.BY_HTTP:
            return self._rendered(template)
        # A sample is written like the command, with all values in it: it may as well be rendered like one.
        compiler = Compiler(self._plan.profile.format, Lines("sample"), ())
        return exchange.compiled(compiler, template, (), ())({})

    def _rendered(self, template: Template) -> str:
        if isinstance(template, str):
            return template.strip()
        if self._plan.profile.format == "fields":
            return "\r\n".join(f"{name}: {value}" for name, value in template.items())
        return json.dumps(template, separators=(",", ":"))

    def _shows(self, station: str, expected: tuple[dict[str, Any], ...]) -> Iterator[str]:
        calls = sorted(self._model.document(station)["calls"], key=lambda each: each["started_at"])
        keys = [list(each) for each in expected]
        shown = [_shown(call, keys[n] if n < len(keys) else ["leg", "remote"]) for n, call in enumerate(calls)]
        if shown != list(expected):
            yield f"{station} should show {list(expected)}, shows {shown}"

    def _new_id(self) -> str:
        return self._plan.ident("id", next(self._ids))

    @staticmethod
    def _event(each: Mapping[str, Any]) -> str:
        return " ".join(str(each[key]) for key in ("event", "cause", "by") if each[key])


def _shown(call: Mapping[str, Any], keys: list[str]) -> dict[str, Any]:
    flat = {**call, "remote": call["remote"]["number"], "name": call["remote"]["name"]}
    flat |= {"presentation": call["remote"]["presentation"], "consult": call["consult_of"] is not None}
    return {key: flat.get(key) for key in keys}

"""Parts of a profile that do not go together are told with line, key and reason."""

from __future__ import annotations

import pytest

from ringline_edge.adapters.mapping import loading, plan
from ringline_edge.adapters.mapping.loading import ProfileError
from ringline_edge.adapters.mapping.protocol import Framer, frame
from tests.unit.mapping.test_profiles import GOOD

HOOK = """\
name: hook
source: this test
transport: webhook
framing: whole
format: json
settings: [secret, address]
webhook: {path: /in, secret: secret, header: X-Secret}
http: {base: address, headers: {X-Key: "{settings.secret}"}}
session:
  snapshot:
    - send: {method: GET, path: /calls}
  heartbeat: {silence_s: 60}
replies:
  errors:
    - {status: 404, code: no_such_call}
messages:
  - {name: call, when: {get: type, equals: call}}
events:
  - on: call
    leg: id
    make: true
    first: {call: id, device: phone, station: phone}
    set: {state: =alerting}
commands:
  drop:
    send: {path: "/calls/{leg.call}/drop", body: {phone: "{station}"}}
"""
OF_HOOKS = {
    "no webhook": ("webhook: {path: /in, secret: secret, header: X-Secret}\n", "", "3: transport: webhook is missing"),
    "another framing": ("framing: whole", "framing: newline", "4: framing: each post is one message: whole"),
    "a secret not listed": ("secret: secret", "secret: word", "7: webhook.secret: word is not listed in settings"),
    "no header": ("header: X-Secret", 'header: "X Secret"', "7: webhook.header: String should match"),
    "no path": ("path: /in", "path: in", "7: webhook.path: String should match"),
    "an unknown digest": ("header: X-Secret", "header: X-Secret, signature: md5", "7: webhook.signature: Input should"),
    "an address not listed": ("base: address", "base: url", "8: http.base: url is not listed in settings"),
    "an unknown name in a header": ("{settings.secret}", "{secret}", "8: http.headers.X-Key: no values of that name"),
    "a header that is none": ("{X-Key:", "{X Key:", "8: http.headers.X Key: no header"),
    "a header of two lines": ('"{settings.secret}"', '"a\\nB: c"', "8: http.headers.X-Key: no header"),
    "a login that is no request": ("session:\n", "session:\n  login: [{send: {a: b}}]\n", "10: session.login.0.send"),
    "a login without an answer": (
        "session:\n",
        "session:\n  login: [{send: {path: /in}, expect: false}]\n",
        "10: session.login.0: HTTP is asked",
    ),
    "an end of a list": (
        "path: /calls}\n",
        "path: /calls}\n      until: {get: a, equals: b}\n",
        "12: session.snapshot.0.until: the answer",
    ),
    "signs of life of ours": (
        "silence_s: 60",
        "silence_s: 60, send: {a: b}",
        "12: session.heartbeat.send: the PBX posts",
    ),
    "ids of answers": ("replies:\n", "replies:\n  id: id\n", "14: replies.id: the answer of HTTP"),
    "an error that asks nothing": ("status: 404, ", "", "15: replies.errors.0: needs when or status"),
    "an answer to a post": (
        "equals: call}}",
        "equals: call}, answer: {a: b}}",
        "17: messages.0: a post is answered by",
    ),
    "a reply by post": ("equals: call}}", "equals: call}, reply: true}", "17: messages.0: a post is answered by"),
    "no address": ('http: {base: address, headers: {X-Key: "{settings.secret}"}}\n', "", "commands: http is missing"),
    "no path of a request": ("send: {path: ", "send: {pat: ", "26: commands.drop.send"),
    "a path without a slash": ('"/calls/{leg.call}/drop"', "calls", "26: commands.drop.send.path: String should match"),
    "an unknown name in a path": ("{leg.call}", "{call}", "26: commands.drop.send.path: no values of that name: call"),
    "an unknown name in a body": ('"{station}"', '"{phone}"', "26: commands.drop.send.body: no values of that name"),
    "an unknown method": (
        "send: {path: ",
        "send: {method: HEAD, path: ",
        "26: commands.drop.send.method: Input should",
    ),
    "text for a request": (
        'send: {path: "/calls/{leg.call}/drop", body: {phone: "{station}"}}',
        "send: x",
        "26: commands.drop",
    ),
}
OF_STREAMS = {
    "a post's framing": ("framing: newline", "framing: whole", "3: framing: whole is for posts and WebSockets"),
    "a webhook": ("settings:", "webhook: {secret: token, header: X}\nsettings:", "5: webhook: means nothing for"),
    "an address": ("settings:", "http: {base: token}\nsettings:", "5: http: means nothing for the transport tcp"),
    "a list without an end": ("replies:", "session: {snapshot: [{send: {a: b}}]}\nreplies:", "until is missing"),
    "answers that are never good": ("  ok: {get: ok, equals: true}\n", "", "6: replies: ok is missing"),
    "a status": (
        "  id: id\n",
        "  id: id\n  errors: [{status: 404, code: unsupported}]\n",
        "8: replies.errors.0.status: only",
    ),
    "a sidecar of lines": (
        "framing: newline",
        "framing: blank_line\ntransport: sidecar",
        "4: transport: a sidecar speaks",
    ),
    "lengths of half signs": (
        "framing: newline",
        "framing: decimal\nencoding: utf-16le",
        "4: encoding: a decimal length",
    ),
}
FAULTS = {
    **{f"hook: {name}": (HOOK, *fault) for name, fault in OF_HOOKS.items()},
    **{f"stream: {name}": (GOOD, *fault) for name, fault in OF_STREAMS.items()},
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_what_does_not_fit_is_told_with_line_key_and_reason(fault: str) -> None:
    whole, good, bad, told = FAULTS[fault]
    assert good in whole
    with pytest.raises(ProfileError) as found:
        plan.compiled(*loading.parse(whole.replace(good, bad, 1), "feed.yaml"))
    assert told in str(found.value)


def test_what_fits_is_good() -> None:
    known = plan.compiled(*loading.parse(HOOK, "feed.yaml"))
    assert Framer(known.profile).receive_data(frame(known.profile, '{"a":\n1}')) == ['{"a":\n1}']

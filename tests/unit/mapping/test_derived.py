"""What no message of a feed says, worked out from what is remembered: a transfer that is only seen by its traces."""

from __future__ import annotations

from ringline_edge.adapters.mapping import loading, plan, samples
from ringline_edge.adapters.mapping.profile import Sample

PASSED = """\
      - {memory: state, of: {template: "{call}/{ext}", parts: {call: CALL=, ext: EXT=}}, equals: hold}
      - memory: state
        of:
          template: "{active}/{ext}"
          parts: {active: {memory: active, of: {template: "desk/{ext}", parts: {ext: EXT=}}}, ext: EXT=}
        equals: connected
"""
PROFILE = """\
name: traces
source: this test
framing: newline
format: plain
between: ";"
messages:
  - {name: clear, when: {get: ST=, equals: CLEAR}}
  - {name: call, when: {get: CALL=, exists: true}}
events:
  # A leg that is no call, only the memory of a desk: which call its phone speaks in.
  - on: call
    when: {get: ST=, equals: TALK}
    leg: {template: "desk/{ext}", parts: {ext: EXT=}}
    make: true
    remember: {active: CALL=}
  - on: call
    leg: {template: "{call}/{ext}", parts: {call: CALL=, ext: EXT=}}
    make: true
    first: {call: CALL=, device: EXT=, station: EXT=}
    set: {state: {get: ST=, steps: [{map: {RING: alerting, TALK: connected, HELD: hold}}]}, by: =agent_phone}
  - on: call
    when: {get: FROM=, exists: true}
    leg: {template: "{call}/far", parts: {call: CALL=}}
    make: true
    first: {call: CALL=, device: =line, outside: true, origin: true, own_number: FROM=}
    set: {state: =connected}
  # The held call is cleared while the phone speaks in another one: it was passed on into that.
  - on: clear
    when:
{PASSED}    join:
      call: CALL=
      other: {memory: active, of: {template: "desk/{ext}", parts: {ext: EXT=}}}
      how: transfer
  - on: clear
    when:
{PASSED}    leg:
      template: "{active}/{ext}"
      parts: {active: {memory: active, of: {template: "desk/{ext}", parts: {ext: EXT=}}}, ext: EXT=}
    remember: {passed: =1}
  - on: clear
    when:
{PASSED}    leg:
      template: "{active}/far"
      parts: {active: {memory: active, of: {template: "desk/{ext}", parts: {ext: EXT=}}}}
    make: true
    first:
      call: {memory: active, of: {template: "desk/{ext}", parts: {ext: EXT=}}}
      device: =line
      outside: true
      own_number: {memory: own_number, of: {template: "{call}/far", parts: {call: CALL=}}}
    set: {state: =connected}
  - on: clear
    when:
{PASSED}    leg: {template: "{call}/{ext}", parts: {call: CALL=, ext: EXT=}}
    end: {left: =transferred, by: =agent_phone}
  - on: clear
    leg: {template: "{call}/{ext}", parts: {call: CALL=, ext: EXT=}}
    when: {memory: passed, equals: "1"}
    end: {left: =transferred, by: =agent_phone}
  - on: clear
    leg: {template: "{call}/{ext}", parts: {call: CALL=, ext: EXT=}}
    end: {by: =remote}
  # The far end of a call that was passed on goes when its last phone does; of any other, with its own.
  - on: clear
    when: {get: LAST=, equals: "1"}
    leg: {template: "{call}/far", parts: {call: CALL=}}
    end: {}
"""
SAMPLE = {
    "name": "passed on by the phone's own key",
    "steps": [
        {"tell": "CALL=1;EXT=201;ST=RING;FROM=02071234567"},
        {
            "tell": [
                "CALL=1;EXT=201;ST=TALK",
                "CALL=1;EXT=201;ST=HELD",
                "CALL=2;EXT=201;ST=TALK",
                "CALL=2;EXT=202;ST=TALK",
            ]
        },
        {
            "tell": ["CALL=1;EXT=201;ST=CLEAR", "CALL=2;EXT=201;ST=CLEAR"],
            "shows": {"201": [], "202": [{"leg": "connected", "remote": "02071234567"}]},
            "tells": {
                "201": [
                    *("ringing", "answered agent_phone", "held agent_phone", "answered agent_phone"),
                    *("transferred normal agent_phone", "transferred normal agent_phone"),
                ],
                "202": ["answered agent_phone"],
            },
        },
        {"tell": "CALL=2;EXT=202;ST=CLEAR;LAST=1", "shows": {"202": []}},
        {"tell": ["CALL=3;EXT=201;ST=TALK", "CALL=3;EXT=201;ST=CLEAR"], "shows": {"201": []}},
    ],
}


def test_a_transfer_is_seen_by_its_traces() -> None:
    known = plan.compiled(*loading.parse(PROFILE.replace("{PASSED}", PASSED), "traces.yaml"))
    assert samples.play(known, Sample.model_validate(SAMPLE)) == []

"""FreeSWITCH's event socket: header by header, and the tables and dumps that answer questions; framed anew."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.freeswitch.channels import VARIABLE
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.protocol import BODY, JSON, PLAIN, EslProtocol, Frame
from ringline_edge.recording.pseudonyms import Pseudonyms
from ringline_edge.recording.redaction import UNTOLD, address, data, kept, name, number, unknown, words

_ASKS: Final = re.compile(
    r"auth .*|userauth .*|event json .*|api version|bgapi version|api show (?:channels|registrations) as json|"
    r"api uuid_dump [0-9a-zA-Z-]+ json|api callcenter_config (?:agent|tier) list|exit"
)
"""Commands that read, or concern our own session alone."""

_READING: Final = ("station", "station_inbound", "station_outbound", "trunk", "feature_prefix", "data_prefix")
_WORDS: Final = words(
    "sofia internal external loopback user error null group default verto rtc XML enum blind att_xfer bl_xfer "
    "uuid_br refer"
)
_IDENT: Final = re.compile(
    r"(?:.*-)?(?:Unique-ID|UUID)|(?:.*_)?uuid|"
    r"variable_(?:originator|bridge_to|last_bridge_to|signal_bond|ringline_consult_of)"
)
_ID: Final = re.compile(r"[0-9A-Za-z.-]{1,64}")
_TIME: Final = re.compile(
    r"[0-9]{1,17}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", re.ASCII
)
_TIMES: Final = re.compile(
    r"(?!variable_).*(?:-Time|-Hold|-Timestamp|_epoch|_time|_start|_end)|variable_.*(?:_epoch|_uepoch|_usec|_stamp)|"
    r"Event-(?:Sequence|Date-.*)|last_.*|created|expires"
)
_PLAIN: Final = re.compile(
    r"Event-Name|Event-Subclass|Event-Calling-.*|Channel-State.*|(?:Original-)?Channel-Call-State|Answer-State|"
    r"(?:Call|.*-Call|Caller|Other-Leg)-Direction|.*-Context|.*-Dialplan|.*-Source|.*-Profile-Index|.*-Privacy-.*|Other-Type|"
    r"Hangup-Cause|CC-Hangup-Cause|CC-Action|CC-Agent-St.*|CC-Queue|CC-Count|CC-Selection|CC-Cause|CC-Cancel-Reason|"
    r"variable_(?:current_application|cc_side|cc_queue|sip_hangup_disposition|endpoint_disposition|hangup_cause|"
    r"originate_failed_cause|last_bridge_hangup_cause|direction|originate_disposition|DIALSTATUS|"
    r"sip_term_status|bridge_hangup_cause|cc_cause|cc_queue_.*)|(?:Channel-)?(?:Read|Write)-(?:Codec|Bit).*|"
    r"row_count|direction|state|callstate|type|status|queue|level|position|max_no_answer|wrap_up_time|"
    r"reject_delay_time|busy_delay_time|no_answer_delay_time|no_answer_count|calls_answered|talk_time|ready_time|"
    r"external_calls_count|hold|secure|network_proto"
)
_NUMBER: Final = re.compile(
    r".*-Number|.*-ANI|.*-ANI-II|.*-RDNIS|variable_(?:dialed_user|user_name|ringline_to|dialed_extension|"
    r"destination_number|cc_member_.*number|effective_caller_id_number)|from-user|to-user|reg_user|user|cid_num|dest"
)
_NAME: Final = re.compile(r".*ID-Name|CC-Member-CID-Name|variable_.*_name|cid_name|callee_name|.*-Username|username")
_ADDRESS: Final = re.compile(
    r"Channel-Name|Channel-Presence-ID|CC-Agent|CC-Agent-Contact|agent|name|contact|url|realm|presence_id|hostname|"
    r"call-id|token|from-host|to-host|network-ip|network_ip|network-port|network_port|contact_.*|"
    r"variable_(?:channel_name|conference_name|presence_id|cc_agent|cc_agent_contact|transfer_to|transfer_destination|transfer_source|"
    r"transfer_history)"
)


class EslRedaction:
    """See `Redaction`."""

    extension = "esl"

    def __init__(self, settings: Mapping[str, Any], names: Pseudonyms) -> None:
        """`settings` are those of `[pbx.freeswitch]`."""
        config = FreeswitchConfig.model_validate({"password": "", **settings})
        self.settings = {name: settings[name] for name in _READING if name in settings}
        self._stations = config.station_inbound + config.station_outbound
        self._names, self._protocol = names, EslProtocol()

    def heard(self, data: bytes, now_ms: int) -> bytes:
        """See `Redaction.heard`."""
        return b"".join(self._frame(frame) for frame in self._protocol.receive_data(data))

    def says(self, data: bytes) -> bytes:
        """See `Redaction.says`; nothing is kept: an answer can be told by its form."""
        line = data.partition(b"\n")[0].decode("utf-8", "replace")
        if not _ASKS.fullmatch(line):
            asked = " ".join(line.split()[:2])
            raise CommandError(ErrorCode.NOT_ALLOWED, f"A recording only listens: {asked} is not sent.")
        return b""

    def _frame(self, frame: Frame) -> bytes:
        if frame.kind == JSON:
            return _framed(JSON, json.dumps(self._event(frame.headers), ensure_ascii=False))
        if frame.kind == PLAIN:
            event = self._event(frame.headers)
            inner = event.pop(BODY, "")
            lines = [f"{header}: {quote(_joined(value), safe='/:@+')}" for header, value in event.items()]
            return _framed(PLAIN, "\n".join(lines) + "\n\n" + inner)
        if frame.kind == "api/response":
            return _framed(frame.kind, self._output(frame.body))
        reply = str(frame.headers.get("Reply-Text", ""))
        said = {"Reply-Text": kept(self._names, reply)} if reply else {}
        return _framed(frame.kind, "", said)

    def _event(self, headers: Mapping[str, Any]) -> dict[str, Any]:
        return {kept(self._names, header): self._tree(header, value) for header, value in headers.items()}

    def _tree(self, header: str, node: Any) -> Any:
        match node:
            case dict():
                return self._event(node)
            case list():
                return [self._tree(header, each) for each in node]
            case str() if header == BODY:
                return self._output(node)
            case str():
                return self._value(header, node)
            case int() if not isinstance(node, bool):
                new = self._value(header, str(node))
                return int(new) if new.isdigit() else new
            case _:
                return node

    def _value(self, header: str, value: str) -> str:
        for names, form in ((_IDENT, _ID), (_TIMES, _TIME)):
            if names.fullmatch(header) and form.fullmatch(value):
                return value
        if value.lower() in UNTOLD:
            return value
        return self._how(header)(self._names, value)

    def _how(self, header: str) -> Callable[[Pseudonyms, str], str]:
        if header in self._stations:
            return _address
        for pattern, how in ((_PLAIN, kept), (_ADDRESS, _address), (_NAME, name), (_NUMBER, number)):
            if pattern.fullmatch(header):
                return how
        return data if header.startswith(VARIABLE) or header == "DTMF-Digit" else unknown

    def _output(self, output: str) -> str:
        """What a function said: rows or a dump in JSON, a table parted by bars, or a line."""
        try:
            found = json.loads(output, strict=False)
        except ValueError:
            return self._table(output) if "|" in output.partition("\n")[0] else self._line(output)
        if not isinstance(found, dict):
            return self._names.text(output)
        if isinstance(rows := found.get("rows"), list):
            found["rows"] = [row for row in rows if isinstance(row, dict)]
        return json.dumps(self._event(found))

    def _table(self, output: str) -> str:
        head, *lines = output.split("\n")
        columns = head.split("|")
        rows = [
            line
            if "|" not in line
            else "|".join(self._value(column, cell) for column, cell in zip(columns, line.split("|"), strict=False))
            for line in lines
        ]
        return "\n".join([head, *(row if "|" in row else self._line(row) for row in rows)])

    def _line(self, line: str) -> str:
        if line.startswith("FreeSWITCH Version ") or line.strip() in ("", "+OK"):
            return line
        return f"{line.split(' ', 1)[0]} {self._names.text(line)}\n" if line.startswith(("+OK", "-")) else "Text\n"


def _address(names: Pseudonyms, value: str) -> str:
    return address(names, value, _WORDS)


def _joined(value: Any) -> str:
    return f"ARRAY::{'|:'.join(value)}" if isinstance(value, list) else str(value)


def _framed(kind: str, body: str, headers: Mapping[str, str] | None = None) -> bytes:
    data = body.encode("utf-8", "replace")
    lines = [f"Content-Length: {len(data)}"] if data else []
    lines += [f"Content-Type: {kind}", *(f"{header}: {value}" for header, value in (headers or {}).items())]
    return "\n".join(lines).encode() + b"\n\n" + data

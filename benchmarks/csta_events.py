"""What a CSTA event costs: XML alone, and XML with translation into facts, in one process and on the same bytes.

python -m benchmarks.csta_events
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from lxml import etree

from benchmarks.figures import Figure
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.translate import Translator
from ringline_edge.adapters.csta.xml import parse

CALLS = 2_000
ROUNDS = 15
TARGET_US = 40
_NS = "http://www.ecma-international.org/standards/ecma-323/csta/ed3"
_KIND = 'typeOfNumber="other" mediaClass="notKnown"'


def delivered(number: int) -> bytes:
    """A DeliveredEvent of full size (1.6 KB), as the notes' schema-valid example has it."""
    own, customer, queue = (f"{each}:CM1::0" for each in ("4750", "02079460000", "5000"))

    def device(tag: str, value: str) -> str:
        return f"<{tag}><deviceIdentifier {_KIND}>{value}</deviceIdentifier></{tag}>"

    ucid = f"00001{number:05d}1428242051"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><DeliveredEvent xmlns="{_NS}"><monitorCrossRefID>1</monitorCrossRefID>'
        f"<connection><callID>{number}</callID><deviceID {_KIND}>{own}</deviceID></connection>"
        f"{device('alertingDevice', own)}{device('callingDevice', customer)}{device('calledDevice', queue)}"
        f"<lastRedirectionDevice><numberDialed {_KIND}>{queue}</numberDialed></lastRedirectionDevice>"
        "<localConnectionInfo>alerting</localConnectionInfo><userData><string>4F7264657220313233</string></userData>"
        "<cause>newCall</cause><callLinkageData><globalCallData><globalCallSwitchingSubDomainName>CM1"
        "</globalCallSwitchingSubDomainName><globalCallLinkageID><globallyUniqueCallLinkageID>"
        f"{ucid}</globallyUniqueCallLinkageID></globalCallLinkageID></globalCallData></callLinkageData>"
        '<extensions><privateData><private><DeliveredEventPrivateData xmlns="http://www.avaya.com/csta">'
        f"<trunkGroup>12</trunkGroup><trunkMember>3</trunkMember><acdGroup {_KIND}>5100:CM1::0</acdGroup>"
        f'<distributingVDN><deviceIdentifier xmlns="{_NS}" {_KIND}>{queue}</deviceIdentifier></distributingVDN>'
        "</DeliveredEventPrivateData></private></privateData></extensions></DeliveredEvent>"
    ).encode()


def measure() -> list[Figure]:
    """CPU time per event, the best of several rounds; each is a new call with two new legs, and is then forgotten."""
    bodies = [delivered(519 + each) for each in range(CALLS)]
    alone, both = (min(_round(each, bodies) for _ in range(ROUNDS)) for each in (_alone, _both))
    return [
        Figure("CSTA: lxml alone, per DeliveredEvent", f"{alone:.1f} us"),
        Figure("CSTA: parse and translate, per DeliveredEvent", f"{both:.1f} us", "<= 40 us", both <= TARGET_US),
        Figure("CSTA: parse and translate against lxml alone", f"{both / alone:.2f}"),
    ]


def _round(work: Callable[[list[bytes]], None], bodies: list[bytes]) -> float:
    gc.collect()
    begun = time.process_time()
    work(bodies)
    return (time.process_time() - begun) / len(bodies) * 1e6


def _alone(bodies: list[bytes]) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for body in bodies:
        etree.fromstring(body, parser)


def _both(bodies: list[bytes]) -> None:
    config = CstaConfig(host="bench", username="u", switch_name="CM1", stations=("4750",), queues={"5100": "support"})
    translator = Translator(config)
    translator.monitors["1"] = "4750"
    for body in bodies:
        for _ in translator.translate(parse(body), 1_000):
            pass
        translator.floor.calls.clear()


if __name__ == "__main__":
    for figure in measure():
        print(figure.claim, figure.value, figure.target)

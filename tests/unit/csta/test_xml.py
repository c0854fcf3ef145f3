"""XML of a server that is lax, or evil."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringline_core.errors import PbxProtocolError
from ringline_edge.adapters.csta.xml import fields, find, local, parse, text

LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10 if i else b"lol") for i in range(10))

PIECES = (
    b"<a>", b"</a>", b"<x:a>", b"</x:a>", b"<!--", b"]]>", b"<![CDATA[", b"&amp;", b"&x;", b"<?p", b"?>",
    b"<!DOCTYPE a>", b" b='", b"'", b"\xff", b"text",
)  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"<a><b>1</b></a>",
        b'<a xmlns="urn:x"><b>1</b></a>',
        b'<p:a xmlns:p="urn:x"><p:b>1</p:b></p:a>',
        b'<a xmlns:unused="urn:x"><b> 1 </b></a>',
        b"<a><ns1:b>1</ns1:b></a>",
        b"<ns1:a><ns1:b>1</ns1:b></ns1:a>",
        b'<a><b xsi:type="x">1</b></a>',
        b"<a><!-- c --><?pi x?><b>1</b></a>",
        b'<?xml version="1.0" encoding="UTF-8"?>\n<a><b>1</b></a>',
        b"<?xml version='1.0'?><a><b>1</b></a>\n",
    ],
)
def test_namespaces_and_prefixes_do_not_matter(body: bytes) -> None:
    root = parse(body)
    assert (local(root), list(fields(root)), text(find(root, "b"))) == ("a", ["b"], "1")


def test_entities_of_xml_itself_and_other_character_codes_are_read() -> None:
    assert text(parse(b"<a>N&lt;302&gt;;noa=nk</a>")) == "N<302>;noa=nk"
    assert text(parse("<a>Jürgen</a>".encode())) == "Jürgen"
    assert text(parse('<?xml version="1.0" encoding="ISO-8859-1"?><a>Jürgen</a>'.encode("latin-1"))) == "Jürgen"


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE a [" + LAUGHS + b"]><a>&l9;</a>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]><a/>',
        b"<?xml version='1.0'?><!DOCTYPE a><a/>",
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode("utf-16"),
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>',
        b'<?xml version="1.0" encoding="EBCDIC-CP-US"?><a/>',
        b"<a>&x;</a>",
        b"<a>" * 400 + b"</a>" * 400,
        b"<a><b></a>",
        b"<a/><b/>",
        b"<a b=1/>",
        b"<a>\x00</a>",
        b"<a>\xff\xfe</a>",
        b"",
        b"   ",
        b"{}",
        b"\xef\xbb\xbf",
    ],
)
def test_what_may_do_harm_or_is_no_xml_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(PbxProtocolError, match="a message of the PBX"):
        parse(body)


def test_no_file_is_read_for_anybody(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    for body in (
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="%s" parse="text"/></a>' % bytes(secret),
        b'<?xml-stylesheet href="%s"?><a/>' % bytes(secret),
    ):
        assert "SECRET" not in "".join(str(each) for each in parse(body).itertext())


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_pieces_of_xml_in_any_order_are_read_or_refused(pieces: list[bytes]) -> None:
    try:
        root = parse(b"".join(pieces))
    except PbxProtocolError:
        return
    assert local(root)

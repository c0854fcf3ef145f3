"""Which packages are fetched: the lock's, or the ones whose names fit the libraries that are missing."""

from __future__ import annotations

import json
import struct
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.pbx.asterisk.apt import Package
from infra.pbx.asterisk.debs import unpack
from infra.pbx.asterisk.elf import ElfError, needed
from infra.pbx.asterisk.errors import FetchError
from infra.pbx.asterisk.resolve import LOCKS, closure, next_packages, package_for, read_lock, write_lock

INDEX = {
    "asterisk": {"Depends": "asterisk-modules (= 1), libssl3t64 (>= 3), default-mta | mail-transport-agent, adduser"},
    "asterisk-modules": {"Depends": "libjansson4, asterisk"},
    "libssl3t64": {"Pre-Depends": "libc6", "Provides": "libssl3 (= 3.5)"},
    "libjansson4": {"Depends": "libssl3"},
    "libc6": {},
    "exim4": {"Provides": "mail-transport-agent"},
}


def test_the_closure_follows_first_alternatives_and_virtual_packages_once() -> None:
    assert closure(INDEX, ["asterisk"]) == [
        "asterisk",
        "asterisk-modules",
        "libssl3t64",
        "exim4",
        "libjansson4",
        "libc6",
    ]


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libjansson.so.4", "libjansson4"),
        ("libcrypto.so.3", "libssl3t64"),
        ("libssl.so.3", "libssl3t64"),
        ("ld-linux-x86-64.so.2", "libc6"),
        ("libnothing.so.1", None),
    ],
)
def test_a_library_is_found_in_the_package_that_is_called_like_it(library: str, package: str | None) -> None:
    assert package_for(library, ["libc6", "libssl3t64", "libjansson4"]) == package


def test_when_no_name_fits_every_library_package_left_is_tried() -> None:
    reachable = ["asterisk", "libc6", "libodd1", "libodd1-data", "adduser"]
    assert next_packages(["libstrange.so.1"], reachable, {"libc6"}) == ["libodd1"]
    assert next_packages(["libm.so.6"], reachable, set()) == ["libc6"]


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.json")), ids=lambda path: path.stem)
def test_a_shipped_lock_pins_pool_paths_and_checksums_and_names_no_host(path: Path) -> None:
    suite, arch = path.stem.rsplit("-", 1)
    lock = read_lock(suite, arch)
    assert lock is not None
    assert (lock.suite, lock.arch) == (suite, arch)
    assert "asterisk" in {package.package for package in lock.pinned}
    assert all(package.filename.startswith("pool/") and len(package.sha256) == 64 for package in lock.pinned)
    assert "://" not in path.read_text()


def test_a_lock_is_written_by_name_and_read_back(tmp_path: Path) -> None:
    packages = [Package(name, "1", f"pool/{name}.deb", "0" * 64, 5) for name in ("libc6", "asterisk")]
    write_lock(tmp_path / "sid-amd64.json", "sid", "amd64", packages)
    lock = read_lock("sid", "amd64", tmp_path)
    assert lock is not None
    assert [package.package for package in lock.pinned] == ["asterisk", "libc6"]


def test_a_lock_that_is_not_there_is_none_and_a_damaged_one_is_an_error(tmp_path: Path) -> None:
    assert read_lock("sid", "amd64", tmp_path) is None
    (tmp_path / "sid-amd64.json").write_text(json.dumps({"suite": "sid", "packages": []}))
    with pytest.raises(FetchError, match="sid-amd64"):
        read_lock("sid", "amd64", tmp_path)


def elf(names: list[str]) -> bytes:
    """A smallest possible ELF file that asks for `names`."""
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in names)
    offsets = [1 + sum(len(name) + 1 for name in names[:number]) for number in range(len(names))]
    table = 64 + 2 * 56
    tags = b"".join(struct.pack("<qQ", 1, offset) for offset in offsets)
    tags += struct.pack("<qQ", 5, 0x1000 + table) + struct.pack("<qQ", 0, 0)
    size = table + len(strings) + len(tags)
    head = b"\x7fELF\x02\x01" + bytes(26) + struct.pack("<Q", 64) + bytes(14) + struct.pack("<HH", 56, 2) + bytes(6)
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, 0x1000, 0, size, size, 0)
    dynamic = struct.pack("<IIQQQQQQ", 2, 4, table + len(strings), 0, 0, len(tags), len(tags), 0)
    return head + load + dynamic + strings + tags


def test_the_libraries_that_a_file_asks_for_are_read() -> None:
    assert needed(elf(["libc.so.6", "libm.so.6"])) == ("libc.so.6", "libm.so.6")
    assert needed(b"#!/bin/sh\n") == ()


@given(st.data())
def test_a_damaged_file_is_refused_cleanly(data: st.DataObject) -> None:
    whole = elf(["libc.so.6"])
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    at, byte = data.draw(st.integers(6, len(whole) - 1)), data.draw(st.integers(0, 255))
    for broken in (cut, whole[:at] + bytes([byte]) + whole[at + 1 :]):
        try:
            needed(broken)
        except ElfError:
            continue


def deb(members: dict[str, tarfile.TarInfo], content: bytes = b"hello") -> bytes:
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, member in members.items():
            member.name = name
            member.size = len(content) if member.isreg() else 0
            archive.addfile(member, BytesIO(content) if member.isreg() else None)
    body = packed.getvalue()
    header = f"{'data.tar.gz/':<16}{'0':<12}{'0':<6}{'0':<6}{'100644':<8}{len(body):<10}`\n".encode()
    return b"!<arch>\n" + header + body


def link(to: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname = tarfile.SYMTYPE, to
    return info


def test_a_package_is_unpacked_inside_its_root_without_documentation(tmp_path: Path) -> None:
    package = tmp_path / "a.deb"
    package.write_bytes(
        deb(
            {
                "./usr/bin/a": tarfile.TarInfo(),
                "./usr/share/doc/a/copyright": tarfile.TarInfo(),
                "./../../escape": tarfile.TarInfo(),
                "./etc/passwd": tarfile.TarInfo(),
                "./usr/lib/a.so": link("/usr/bin/a"),
            }
        )
    )
    root = tmp_path / "in" / "root"
    root.mkdir(parents=True)
    unpack(package, root)
    assert (root / "usr/bin/a").read_bytes() == b"hello"
    assert (root / "usr/lib/a.so").resolve() == root / "usr/bin/a"
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a", "a.deb", "a.so"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"!<arch>\n"])
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    package = tmp_path / "a.deb"
    package.write_bytes(content)
    with pytest.raises(FetchError):
        unpack(package, tmp_path)

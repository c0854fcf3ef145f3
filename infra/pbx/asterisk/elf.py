"""Which shared libraries an ELF file asks for. No I/O: bytes in, names out.

Source: System V ABI, ELF-64 object file format (program headers, dynamic section).
"""

from __future__ import annotations

import struct
from typing import Final

_MAGIC: Final = b"\x7fELF\x02\x01"  # 64-bit, little-endian
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRTAB = 1, 5


class ElfError(ValueError):
    """The dynamic section of a file is damaged."""


def needed(data: bytes) -> tuple[str, ...]:
    """The DT_NEEDED names of a file, in order; empty for anything but a 64-bit little-endian ELF file.

    Raises:
        ElfError: It is one, but cut or damaged.
    """
    if not data.startswith(_MAGIC):
        return ()
    try:
        return _needed(data)
    except (struct.error, OverflowError, StopIteration, ValueError) as err:
        raise ElfError("the dynamic section is damaged") from err


def _needed(data: bytes) -> tuple[str, ...]:
    loads: list[tuple[int, int, int]] = []
    dynamic: tuple[int, int] | None = None
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for number in range(count):
        kind, _, offset, address, _, length, _, _ = struct.unpack_from("<IIQQQQQQ", data, start + number * size)
        if kind == _LOAD:
            loads.append((address, offset, length))
        elif kind == _DYNAMIC:
            dynamic = (offset, length)
    if dynamic is None:
        return ()
    tags = [struct.unpack_from("<qQ", data, dynamic[0] + step) for step in range(0, dynamic[1], 16)]
    strings = next(value for tag, value in tags if tag == _STRTAB)
    base = next(
        strings - address + offset for address, offset, length in loads if address <= strings < address + length
    )
    return tuple(_text(data, base + value) for tag, value in tags if tag == _NEEDED)


def _text(data: bytes, offset: int) -> str:
    return data[offset : data.index(b"\0", offset)].decode()

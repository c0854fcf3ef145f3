"""TLS to a PBX, and for a PBX that comes to us: the same keys in every adapter's table."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import ssl
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from ringline_core.errors import ConfigError


class UntrustedError(Exception):
    """The peer's certificate is not the one that is expected; the text says why."""


class TlsConfig(BaseModel):
    """Whom a link trusts; without this table it is plain TCP.

    Attributes:
        ca_file: Certificates that may vouch for the PBX; often of a CA of the vendor's or the site's own. Without it
            those of the system.
        pin_sha256: SHA-256 of the PBX's certificate (DER), in hex; then nobody needs to vouch, and the name in the
            certificate does not count.
        server_name: Name that the certificate must bear, where it is not the host.
        cert_file: Our own certificate, for a PBX that asks for one or that comes to us.
        key_file: Its key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca_file: Path | None = None
    pin_sha256: str | None = None
    server_name: str | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @field_validator("pin_sha256")
    @classmethod
    def _is_digest(cls, value: str | None) -> str | None:
        plain = None if value is None else value.replace(":", "").lower()
        if plain is not None and not re.fullmatch(r"[0-9a-f]{64}", plain):
            raise ValueError("64 hexadecimal digits")
        return plain

    @model_validator(mode="after")
    def _is_pair(self) -> TlsConfig:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        return self


async def connect(host: str, port: int, tls: TlsConfig | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A link on which nothing is said yet, to a peer that is the one expected.

    Raises:
        OSError: Nobody listens there.
        UntrustedError: The peer's certificate is not the one that is expected.
        ConfigError: A file of `tls` cannot be used.
    """
    if tls is None:
        return await asyncio.open_connection(host, port)
    try:
        reader, writer = await asyncio.open_connection(
            host, port, ssl=calling(tls), server_hostname=tls.server_name or host
        )
    except ssl.SSLCertVerificationError as err:
        raise UntrustedError(f"the PBX's certificate is not trusted: {err.verify_message}") from err
    if tls.pin_sha256 is not None:
        _check_pin(writer, tls.pin_sha256)
    return reader, writer


def calling(tls: TlsConfig) -> ssl.SSLContext:
    """For links to a PBX; of a pinned one the certificate must be compared afterwards.

    Raises:
        ConfigError: One of the files cannot be used.
    """
    context = _context(ssl.Purpose.SERVER_AUTH, tls)
    if tls.pin_sha256 is not None:
        # The pin is the proof: it is compared before a byte is sent.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def serving(tls: TlsConfig, *, known_only: bool) -> ssl.SSLContext:
    """For links from a PBX; `known_only`: with a certificate that `ca_file` vouches for.

    Raises:
        ConfigError: One of the files cannot be used, or there is no certificate.
    """
    if tls.cert_file is None:
        raise ConfigError("tls.cert_file, tls.key_file: needed where the PBX comes to us")
    context = _context(ssl.Purpose.CLIENT_AUTH, tls)
    if known_only:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _context(purpose: ssl.Purpose, tls: TlsConfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(purpose, cafile=tls.ca_file)
    except OSError as err:
        raise ConfigError(f"tls.ca_file: {tls.ca_file} holds no certificates that can be read: {err}") from err
    if tls.cert_file is not None:
        try:
            context.load_cert_chain(tls.cert_file, tls.key_file)
        except OSError as err:
            pair = f"{tls.cert_file} and {tls.key_file}"
            raise ConfigError(f"tls.cert_file, tls.key_file: {pair} are no certificate and its key: {err}") from err
    return context


def _check_pin(writer: asyncio.StreamWriter, pin: str) -> None:
    link: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    certificate = link.getpeercert(binary_form=True) if link is not None else None
    if certificate is None or not hmac.compare_digest(hashlib.sha256(certificate).hexdigest(), pin):
        writer.close()
        raise UntrustedError("the PBX's certificate is not the pinned one")

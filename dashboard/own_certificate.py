"""A certificate of this computer's own, for its addresses in the local network: browsers give a camera to https alone.

Nobody vouches for it, so a phone warns once; the fingerprint is how people check that they reached this computer.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

from audience.errors import InvalidValue
from audience.private_files import private_folder, write_private

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LASTS: Final = timedelta(days=397)
"""Phones refuse a certificate that is good for much longer."""

RENEWED_BEFORE: Final = timedelta(days=7)

# From RFC 5737, where nobody is. A datagram socket that is connected sends nothing: the system only chooses the address
# it would send from.
_ELSEWHERE: Final = ("192.0.2.1", 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCertificate:
    """A certificate on disk.

    Attributes:
        path: PEM file of the certificate and its key, readable by its owner alone.
        fingerprint: SHA-256 of the certificate, as browsers show it: pairs of hexadecimal digits with colons.
    """

    path: Path
    fingerprint: str


def local_addresses() -> list[str]:
    """This computer's IPv4 addresses in local networks, the one that is used most first; empty without a network."""
    found = []
    # Without a way out, a network without internet may still be among those below.
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(_ELSEWHERE)
        found.append(asking.getsockname()[0])
    with suppress(OSError):  # the name is in no list
        found += [str(one[4][0]) for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    kept = (one for one in dict.fromkeys(found) if not ip_address(one).is_loopback)
    return [one for one in kept if not ip_address(one).is_unspecified]


def own_certificate(addresses: Sequence[str], folder: Path | None = None) -> OwnCertificate:
    """The certificate for these addresses: the one that is there, else a new one.

    Args:
        addresses: IPv4 addresses.
        folder: where it is kept; None for the user's data folder.

    Raises:
        InvalidValue: the library that makes it is not installed, or the file cannot be written.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
    except ModuleNotFoundError:
        raise InvalidValue("phones need https: install Houselights with its extra `dashboard`") from None
    path = (folder or platformdirs.user_data_path("houselights", appauthor=False)) / "phones.pem"
    names = sorted({*addresses, "127.0.0.1"})
    now = datetime.now(UTC)
    certificate: Certificate | None = None
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        is_good = {str(one) for one in held.get_values_for_type(x509.IPAddress)} >= set(names)
        if not is_good or certificate.not_valid_after_utc - RENEWED_BEFORE < now:
            certificate = None
    except (OSError, ValueError, x509.ExtensionNotFound):
        certificate = None
    if certificate is None:
        certificate, key = _made(names, now)
        content = certificate.public_bytes(serialization.Encoding.PEM) + key
        try:
            private_folder(path.parent)
            write_private(path, content)
        except OSError as problem:
            raise InvalidValue(f"{path} cannot be written: {problem.strerror}") from None
    return OwnCertificate(path=path, fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper())


def _made(addresses: Sequence[str], now: datetime) -> tuple[Certificate, bytes]:
    """A certificate that its own key signed, and that key as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Houselights on this computer")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # phones' clocks differ
        .not_valid_after(now + LASTS)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(one)) for one in addresses]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

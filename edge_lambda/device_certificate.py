"""The X.509 certificate with which a device identifies itself to an MQTT broker or AWS IoT."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from audience.errors import InvalidValue


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCertificate:
    """Paths of the device's certificate files.

    Attributes:
        certificate: PEM file, the device's own certificate first.
        private_key: PEM file, not encrypted, as nobody is there to enter a password.
        root_ca: PEM file of the authority that signed the server's certificate; None for the system's authorities.
    """

    certificate: Path
    private_key: Path
    root_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Creates a TLS context for mutual authentication; reads the files each time.

        Raises:
            InvalidValue: a file is missing or damaged, or the files do not belong together.
        """
        self._check("device certificate", self.certificate, "HOUSELIGHTS_CERTIFICATE")
        self._check("private key", self.private_key, "HOUSELIGHTS_PRIVATE_KEY")
        try:
            if self.root_ca is not None:
                self._check("root certificate", self.root_ca, "HOUSELIGHTS_ROOT_CA")
            context = ssl.create_default_context(cafile=self.root_ca)
        except ssl.SSLError:
            raise InvalidValue(f"{self.root_ca} is not a certificate: check HOUSELIGHTS_ROOT_CA") from None
        try:
            # An empty password, since OpenSSL would ask for an encrypted key's password at the terminal.
            context.load_cert_chain(self.certificate, self.private_key, password="")
        except (ssl.SSLError, ValueError):
            raise InvalidValue(
                f"{self.certificate} and {self.private_key} are not a certificate and its unencrypted private key: "
                "check HOUSELIGHTS_CERTIFICATE and HOUSELIGHTS_PRIVATE_KEY"
            ) from None
        return context

    @staticmethod
    def _check(what: str, path: Path, setting: str) -> None:
        try:
            path.open("rb").close()
        except OSError as error:
            raise InvalidValue(f"{what} {path} cannot be read ({error.strerror}): check {setting}") from None

"""The X.509 certificate that a device is known by, to an MQTT broker and to AWS IoT alike."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from audience.errors import InvalidValue


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCertificate:
    """Where the device's certificate is.

    Attributes:
        certificate: PEM, the device's own first.
        private_key: PEM, not encrypted: nobody is there to say a password.
        root_ca: PEM of who signed the other side's certificate; None for those this system trusts.
    """

    certificate: Path
    private_key: Path
    root_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """A context for connections in which both sides show their certificates; the files are read anew each time.

        Raises:
            InvalidValue: a file is missing, damaged, or is not of the others.
        """
        self._check("device certificate", self.certificate, "HOUSELIGHTS_CERTIFICATE")
        self._check("private key", self.private_key, "HOUSELIGHTS_PRIVATE_KEY")
        try:
            if self.root_ca is not None:
                self._check("root certificate", self.root_ca, "HOUSELIGHTS_ROOT_CA")
            context = ssl.create_default_context(cafile=self.root_ca)
        except ssl.SSLError:
            raise InvalidValue(f"{self.root_ca} is no certificate: check HOUSELIGHTS_ROOT_CA") from None
        try:
            # With an empty password, since the key of an encrypted one would be asked for at the terminal.
            context.load_cert_chain(self.certificate, self.private_key, password="")
        except (ssl.SSLError, ValueError):
            raise InvalidValue(
                f"{self.certificate} and {self.private_key} are no certificate and its unencrypted private key: "
                "check HOUSELIGHTS_CERTIFICATE and HOUSELIGHTS_PRIVATE_KEY"
            ) from None
        return context

    @staticmethod
    def _check(what: str, path: Path, setting: str) -> None:
        try:
            path.open("rb").close()
        except OSError as error:
            raise InvalidValue(f"{what} {path} cannot be read ({error.strerror}): check {setting}") from None

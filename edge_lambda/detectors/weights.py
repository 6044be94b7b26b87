"""Weights that are added to the package at build time (`hatch_build.py`)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from audience.errors import ModelUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedWeights:
    """The weights of a network.

    Attributes:
        network: what it is called.
        name: of the file.
        sha256: of its bytes, hexadecimal.
    """

    network: str
    name: str
    sha256: str

    @property
    def file(self) -> Traversable:
        """The file, which may be missing."""
        return resources.files("edge_lambda") / "models" / self.name

    def read(self) -> bytes:
        """The weights, checked.

        Raises:
            ModelUnavailable: they are missing or are others.
        """
        what = f"{self.network}'s file {self.name}"
        try:
            weights = self.file.read_bytes()
        except OSError as error:
            raise ModelUnavailable(f"{what} is missing: install Houselights again") from error
        if hashlib.sha256(weights).hexdigest() != self.sha256:
            # Records name the detector's version, so other weights are not allowed.
            raise ModelUnavailable(f"{what} is not the expected one: install Houselights again")
        return weights

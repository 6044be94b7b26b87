"""Parses untrusted XML: no entities, no external references, bounded in size."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from audience.errors import InvalidValue
from timeline_files.optional import require

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def xml_of(data: bytes, *, at_most: int) -> Element:
    """Parses an XML document and returns its root.

    Args:
        data: the document.
        at_most: its largest size, bytes.

    Raises:
        InvalidValue: it is larger, is not well formed, or declares entities.
    """
    require("defusedxml", "reading XML")
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if len(data) > at_most:
        raise InvalidValue(f"holds XML of more than {at_most >> 20} MiB")
    try:
        # A bare document type (`<!DOCTYPE fcpxml>`) declares nothing.
        return cast("Element", fromstring(data, forbid_dtd=False, forbid_entities=True, forbid_external=True))
    except ParseError as problem:
        raise InvalidValue(f"line {problem.position[0]}: is not well-formed XML: {problem}") from None
    except DefusedXmlException:
        raise InvalidValue("declares XML entities, which no timeline needs: export it again") from None
    except (LookupError, ValueError) as problem:
        raise InvalidValue(f"is XML in an encoding that cannot be read ({problem}): export it as UTF-8") from None

"""Holding answers to the service model that botocore ships; boto3 itself reads over what it does not know."""

from __future__ import annotations

from typing import Any

import botocore.session


def faults_of_answer(service: str, operation: str, answer: Any) -> list[str]:
    """What of an answer the model of the service does not allow; empty where all is well.

    Args:
        service: as boto3 calls it.
        operation: as the service calls it.
        answer: the JSON of the body.
    """
    model = botocore.session.get_session().get_service_model(service)
    return _faults(model.operation_model(operation).output_shape, answer, operation)


def _faults(shape: Any, value: Any, where: str) -> list[str]:
    allowed = {"structure": dict, "list": list, "string": str, "boolean": bool, "float": (int, float), "integer": int}
    if not isinstance(value, allowed[shape.type_name]) or (shape.type_name != "boolean" and isinstance(value, bool)):
        return [f"{where} is a {type(value).__name__} and not a {shape.type_name}"]
    if shape.type_name == "structure":
        faults = [f"{where}.{name} is unknown" for name in value.keys() - shape.members.keys()]
        faults += [f"{where}.{name} is missing" for name in shape.required_members if name not in value]
        for name in value.keys() & shape.members.keys():
            faults += _faults(shape.members[name], value[name], f"{where}.{name}")
        return faults
    if shape.type_name == "list":
        return [fault for index, one in enumerate(value) for fault in _faults(shape.member, one, f"{where}[{index}]")]
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    faults = []
    if shape.type_name in ("float", "integer") and not (
        (least is None or least <= value) and (most is None or value <= most)
    ):
        faults.append(f"{where} is {value} and not within {least} to {most}")
    if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
        faults.append(f"{where} is {value!r}, which is none of the enum")
    return faults

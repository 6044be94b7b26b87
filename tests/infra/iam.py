"""IAM's rules for what a policy allows, as far as the policies here make use of them.

After https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
reference_policies_elements_condition_operators.html: a denial wins over what is allowed, a permissions boundary allows
nothing and limits what is allowed, a variable that has no value matches nothing, and a negated comparison is true of
what is not there. What a statement has that is not known here is an error, so that no test passes by overlooking it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.infra.template import one_or_more

Document = Mapping[str, Any]

_KNOWN = {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Call:
    """A request to AWS.

    Attributes:
        action: such as `s3:PutObject`.
        resource: the ARN it is about; "*" for actions that know none.
        context: what else is known, by condition key; keys are compared without regard to case.
    """

    action: str
    resource: str = "*"
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


def is_allowed(call: Call, documents: Iterable[Document], *, boundary: Document | None = None) -> bool:
    """Whether policies allow a call.

    Args:
        call: what is asked for.
        documents: the policies of who asks.
        boundary: their permissions boundary, if they have one.
    """
    said = {
        statement["Effect"]
        for document in documents
        for statement in one_or_more(document["Statement"])
        if _is_about(statement, call)
    }
    return said == {"Allow"} and (boundary is None or is_allowed(call, [boundary]))


def _is_about(statement: Mapping[str, Any], call: Call) -> bool:
    assert statement.keys() <= _KNOWN, statement
    return (
        any(_matches(action.lower(), call.action.lower(), {}) for action in one_or_more(statement["Action"]))
        and any(_matches(one, call.resource, call.context) for one in one_or_more(statement["Resource"]))
        and all(
            _holds(operator, key, one_or_more(values), call)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _holds(operator: str, key: str, wanted: list[str], call: Call) -> bool:
    there = {name.lower(): one_or_more(value) for name, value in call.context.items()}.get(key.lower())
    operator, if_exists = operator.removesuffix("IfExists"), operator.endswith("IfExists")
    operator, for_any = operator.removeprefix("ForAnyValue:"), operator.startswith("ForAnyValue:")
    if operator == "Null":
        return wanted == [str(there is None).lower()]
    if there is None:
        return if_exists or (operator == "StringNotEquals" and not for_any)
    match operator:
        case "StringEquals" | "Bool":
            return bool(set(there) & set(wanted))
        case "StringNotEquals":
            return not set(there) & set(wanted)
        case "StringLike" | "ArnLike" | "ArnEquals":
            return any(_matches(pattern, value, call.context) for pattern in wanted for value in there)
    raise AssertionError(f"{operator} is not known here")


def _matches(pattern: str, text: str, context: Mapping[str, str | list[str]]) -> bool:
    """Whether a text is of a pattern: a star is any text, slashes too, a question mark one character."""
    known = {name.lower(): value for name, value in context.items()}
    expression, end = "", 0
    for variable in _VARIABLE.finditer(pattern):
        value = known.get(variable[1].lower())
        if not isinstance(value, str):
            return False
        # What a variable stands for is itself no pattern.
        expression += _of(pattern[end : variable.start()]) + re.escape(value)
        end = variable.end()
    return re.fullmatch(expression + _of(pattern[end:]), text, re.DOTALL) is not None


def _of(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")

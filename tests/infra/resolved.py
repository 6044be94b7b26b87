"""The template with parameters, references and conditions resolved, as CloudFormation does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.infra.template import template

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-west-1"
STACK: Final = "houselights"

_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
_ARNS = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{name}}",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{name}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{STACK}/{{name}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
}
_NOTHING = object()


class Resolved:
    """The template with values for some parameters, and defaults for the others."""

    def __init__(self, **parameters: str | int) -> None:
        usual = {name: parameter.get("Default") for name, parameter in template()["Parameters"].items()}
        assert parameters.keys() <= usual.keys()
        self._parameters = usual | parameters

    def value(self, value: Any) -> Any:
        """The resolved value of a part of the template."""
        match value:
            case {"Ref": "AWS::NoValue"}:
                return _NOTHING
            case {"Ref": name}:
                return self._ref(name)
            case {"Fn::GetAtt": [name, "Arn"]}:
                return self.arn(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return f"{name}.{attribute}"
            case {"Fn::Sub": [text, values]}:
                return self._sub(text, self.value(values))
            case {"Fn::Sub": text}:
                return self._sub(text, {})
            case {"Fn::If": [condition, then, otherwise]}:
                return self.value(then if self.holds({"Condition": condition}) else otherwise)
            case {"Fn::Join": [between, parts]}:
                return between.join(self.value(parts))
            case {"Fn::Split": [between, text]}:
                return self.value(text).split(between)
            case dict():
                pairs = {name: self.value(one) for name, one in value.items()}
                return {name: one for name, one in pairs.items() if one is not _NOTHING}
            case list():
                return [one for one in map(self.value, value) if one is not _NOTHING]
        return value

    def holds(self, condition: Any) -> bool:
        """Whether a condition holds."""
        match condition:
            case {"Condition": name}:
                return self.holds(template()["Conditions"][name])
            case {"Fn::Equals": [one, other]}:
                return str(self.value(one)) == str(self.value(other))
            case {"Fn::Not": [one]}:
                return not self.holds(one)
            case {"Fn::And": several}:
                return all(map(self.holds, several))
        raise AssertionError(condition)

    def refused(self) -> list[str]:
        """The errors of the template's rules about the parameters."""
        return [
            assertion["AssertDescription"]
            for rule in template()["Rules"].values()
            if self.holds(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self.holds(assertion["Assert"])
        ]

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of the resources of a type that are made, by name."""
        return {
            name: self.value(resource.get("Properties", {}))
            for name, resource in template()["Resources"].items()
            if resource["Type"] == kind and ("Condition" not in resource or self.holds(resource))
        }

    def policies(self, role: str) -> Iterator[Mapping[str, Any]]:
        """All policies of a role: its own and those that are made beside it."""
        for policy in self.resources("AWS::IAM::Role")[role]["Policies"]:
            yield policy["PolicyDocument"]
        for policy in self.resources("AWS::IAM::RolePolicy").values():
            if policy["RoleName"] == self._ref(role):
                yield policy["PolicyDocument"]

    def arn(self, name: str) -> str:
        """The ARN of a resource; its own name begins with the stack's, as CloudFormation makes names."""
        return _ARNS[template()["Resources"][name]["Type"]].format(name=self._ref(name))

    def _ref(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self._parameters:
            return self._parameters[name]
        if template()["Resources"][name]["Type"] == "AWS::SNS::Topic":
            return f"arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}-{name.lower()}"
        properties = template()["Resources"][name].get("Properties", {})
        named = properties.get("LogGroupName", properties.get("TableName"))
        return f"{STACK}-{name.lower()}" if named is None else self.value(named)

    def _sub(self, text: str, values: Mapping[str, str]) -> str:
        def of(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in values:
                return values[name]
            return str(self.value({"Fn::GetAtt": name.split(".", 1)} if "." in name else {"Ref": name}))

        return re.sub(r"\$\{([^}]+)\}", of, text)

"""As much of CloudFormation as assertions on a template need: parameters, conditions, and references as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
NOTHING = object()
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "ringline",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/ringline/1",
}


@dataclass(frozen=True)
class Formation:
    """A transformed template with given parameters.

    Attributes:
        template: As the transform made it.
        given: Parameters that differ from their defaults.
    """

    template: Json
    given: dict[str, str]

    @property
    def resources(self) -> dict[str, Json]:
        """Resources that would be made, all references resolved; a reference to a resource is `<its name>`."""
        found = {name: each for name, each in self.template["Resources"].items() if self._is_wanted(each)}
        return {name: self.resolved(each) for name, each in found.items()}

    def of_type(self, kind: str) -> dict[str, Json]:
        """Properties of the resources of a type, by name."""
        return {name: each.get("Properties", {}) for name, each in self.resources.items() if each["Type"] == kind}

    def resolved(self, value: Any) -> Any:
        """`value` as CloudFormation would see it; what is `AWS::NoValue` is left out."""
        match value:
            case {"Ref": name}:
                return self._referred(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return f"<{name}.{attribute}>"
            case {"Fn::If": [condition, yes, no]}:
                return self.resolved(yes if self.holds({"Condition": condition}) else no)
            case {"Fn::Sub": [text, names]}:
                return self._filled(text, self.resolved(names))
            case {"Fn::Sub": text}:
                return self._filled(text, {})
            case {"Fn::Join": [str() as glue, [*parts]]}:
                return glue.join(self.resolved(part) for part in parts)
            case {"Fn::Split": [str() as by, whole]}:
                return self.resolved(whole).split(by)
            case dict():
                pairs = ((name, self.resolved(each)) for name, each in value.items())
                return {name: each for name, each in pairs if each is not NOTHING}
            case list():
                return [each for each in map(self.resolved, value) if each is not NOTHING]
            case _:
                return value

    def holds(self, condition: Json) -> bool:
        """Whether a condition or a rule's assertion holds."""
        match condition:
            case {"Condition": name}:
                return self.holds(self.template["Conditions"][name])
            case {"Fn::Equals": [left, right]}:
                return bool(self.resolved(left) == self.resolved(right))
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::Or": [*inner]}:
                return any(map(self.holds, inner))
            case {"Fn::And": [*inner]}:
                return all(map(self.holds, inner))
            case _:
                raise ValueError(f"unknown condition {condition}")

    def _is_wanted(self, resource: Json) -> bool:
        return "Condition" not in resource or self.holds({"Condition": resource["Condition"]})

    def _referred(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NOTHING
        if name in PSEUDO:
            return PSEUDO[name]
        parameter = self.template["Parameters"].get(name)
        if parameter is None:
            return f"<{name}>"
        return self.given.get(name, str(parameter["Default"]))

    def _filled(self, text: str, names: dict[str, str]) -> str:
        def one(match: re.Match[str]) -> str:
            name = match[1]
            return str(names[name] if name in names else self._referred(name))

        return re.sub(r"\$\{([^!}]+)\}", one, text)

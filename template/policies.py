#!/usr/bin/env python3
"""Check the policies of the roles and operators in the expanded template, for `make lint`. Run by checkov's own Python, which
has parliament.

    .local/venv-sam/bin/python template/expand.py Name=value … | .local/venv-checkov/bin/python template/policies.py

parliament knows each AWS action with its resources and condition keys, and reports statements that never match.
"""

from __future__ import annotations

import json
import re
import sys

from parliament import analyze_policy_string

PSEUDO = {"AWS::Region": "us-east-1", "AWS::AccountId": "123456789012", "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::StackName": "hookwarden"}
ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:us-east-1:123456789012:table/{}",
    "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:123456789012:{}",
    "AWS::Logs::LogGroup": "arn:aws:logs:us-east-1:123456789012:log-group:{}:*",
    "AWS::Lambda::Function": "arn:aws:lambda:us-east-1:123456789012:function:{}",
    "AWS::Events::Rule": "arn:aws:events:us-east-1:123456789012:rule/{}",
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"


class Concrete:
    """The template with names and ARNs as in an account."""

    def __init__(self, template: dict):
        self.template = template

    def of(self, value):
        if isinstance(value, list):
            return [self.of(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        match next(iter(value.items()), None):
            case "Ref", name:
                return PSEUDO.get(name) or str(self.template["Parameters"].get(name, {}).get("Default") or name)
            case "Fn::GetAtt", [name, attribute]:
                arn = ARNS[self.template["Resources"][name]["Type"]].format(name)
                return f"{arn}/stream/2026" if attribute == "StreamArn" else arn
            case "Fn::Sub", text:
                return re.sub(r"\$\{([^}]+)\}", lambda found: self.named(found[1]), text)
            case "Fn::If", [_, yes, _]:
                return self.of(yes)
            case "Fn::Select" | "Fn::Split", _:
                return KEY
        return {name: self.of(inner) for name, inner in value.items()}

    def named(self, name: str) -> str:
        resource, dot, attribute = name.partition(".")
        return self.of({"Fn::GetAtt": [resource, attribute]} if dot else {"Ref": resource})


def policies(resource: dict) -> list[dict]:
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::IAM::ManagedPolicy":
        return [properties]
    return properties.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []


def main() -> int:
    template = json.load(sys.stdin)
    concrete = Concrete(template)
    found = []
    for name, resource in template["Resources"].items():
        for policy in policies(resource):
            document = json.dumps(concrete.of(policy["PolicyDocument"]))
            found += [f"{name}: {finding}" for finding in analyze_policy_string(document).findings]
    for finding in found:
        print(finding, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

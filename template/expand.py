#!/usr/bin/env python3
"""Print template.yaml as CloudFormation gets it, expanded by SAM, as JSON. Run by the SAM CLI's own Python.

    .local/venv-sam/bin/python template/expand.py [Name=value …]
    .local/venv-sam/bin/python template/expand.py --source

Parameters that are not named keep their defaults. References stay as they are. --source prints the template as it is
written, before SAM expands it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the translator needs a region

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"


def expand(values: dict[str, str], file: Path = TEMPLATE) -> dict:
    template = yaml_parse(file.read_text())
    for name, parameter in template["Parameters"].items():
        if name in values:
            parameter["Default"] = values[name]
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/code"  # what `sam package` puts there
    parameters = {name: parameter["Default"] for name, parameter in template["Parameters"].items() if "Default" in parameter}
    return Translator({}, Parser()).translate(template, parameters)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    result = yaml_parse(TEMPLATE.read_text()) if arguments == ["--source"] else expand(dict(argument.split("=", 1) for argument in arguments))
    json.dump(result, sys.stdout, indent=1)

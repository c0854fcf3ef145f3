"""Runs in the SAM CLI's own environment: prints a template as AWS's transform makes it, as JSON.

python transform.py TEMPLATE NAME=VALUE...
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


def transformed(path: str, parameters: dict[str, str]) -> dict[str, Any]:
    """What CloudFormation gets; code is taken to lie in a bucket already."""
    # Only this environment has them, and mypy runs in the project's.
    from samcli.yamlhelper import yaml_parse  # type: ignore[import-not-found]
    from samtranslator.translator.transform import transform  # type: ignore[import-not-found]

    with open(path, encoding="utf-8") as text:  # noqa: PTH123 - samcli's parser wants the text
        template: dict[str, Any] = yaml_parse(text.read())
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    for resource in template["Resources"].values():
        if name := CODE.get(resource["Type"]):
            resource["Properties"][name] = "s3://bucket/key"
    made: dict[str, Any] = transform(template, parameters, NoManagedPolicies())
    return made


class NoManagedPolicies:
    """Stands for the list of AWS's managed policies, which the template names by ARN only."""

    def load(self) -> dict[str, str]:
        """No names."""
        return {}


if __name__ == "__main__":
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    given = dict(word.split("=", 1) for word in sys.argv[2:])
    sys.stdout.write(json.dumps(transformed(sys.argv[1], given)))

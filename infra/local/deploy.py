"""Deploys the built template to the emulator, as `sam deploy` would, without its seconds of start-up."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml

from infra.local.build import BUILD_DIR
from infra.local.settings import REGION

STACK = "ringline"
BUCKET = "ringline-artifacts"
CODE_PROPERTY = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


class DeployError(Exception):
    """The stack could not be created; the text shows the emulator's reasons."""


@dataclass(frozen=True)
class Deployed:
    """What the stack says of itself.

    Attributes:
        outputs: The template's outputs.
        endpoint_url: The emulator's.
    """

    outputs: dict[str, str]
    endpoint_url: str

    @property
    def http_api_url(self) -> str:
        """The HTTP API; the emulator serves all APIs below one address."""
        return f"{self.endpoint_url}/_aws/execute-api/{self.outputs['HttpApiId']}"

    @property
    def edge_socket_url(self) -> str:
        """Where edges open their sockets."""
        base = self.endpoint_url.replace("http://", "ws://")
        return f"{base}/_aws/execute-api/{self.outputs['EdgeApiId']}/v1"


async def deploy(endpoint_url: str, parameters: dict[str, str]) -> Deployed:
    """Upload the code, create the stack, and wait for it.

    Raises:
        DeployError: The emulator refused something.
    """
    return await asyncio.to_thread(_deploy, endpoint_url, parameters)


def client(service: Any, endpoint_url: str) -> Any:
    """A client of the emulator; it takes any credentials."""
    return boto3.client(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def _deploy(endpoint_url: str, parameters: dict[str, str]) -> Deployed:
    template = _packaged(endpoint_url)
    formation = client("cloudformation", endpoint_url)
    formation.create_stack(
        StackName=STACK,
        TemplateBody=template,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    waiter = formation.get_waiter("stack_create_complete")
    try:
        waiter.wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    except Exception as err:
        raise DeployError(f"{err}\n{_reasons(formation)}") from err
    stack = formation.describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in stack.get("Outputs", [])}
    return Deployed(outputs, endpoint_url)


def _reasons(formation: Any) -> str:
    events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
    return "\n".join(
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in events
        if event.get("ResourceStatusReason")
    )


def _packaged(endpoint_url: str) -> str:
    """The built template with its local folders replaced by uploaded archives."""
    template: dict[str, Any] = yaml.safe_load((BUILD_DIR / "template.yaml").read_text())
    store = client("s3", endpoint_url)
    store.create_bucket(Bucket=BUCKET)
    uploaded: dict[str, str] = {}
    for resource in template["Resources"].values():
        name = CODE_PROPERTY.get(resource["Type"])
        if name and isinstance(folder := resource["Properties"].get(name), str):
            if folder not in uploaded:
                uploaded[folder] = _upload(store, BUILD_DIR / folder)
            resource["Properties"][name] = uploaded[folder]
    return yaml.safe_dump(template)


def _upload(store: Any, folder: Path) -> str:
    body = _archive(folder)
    key = f"{hashlib.sha256(body).hexdigest()[:32]}.zip"
    store.put_object(Bucket=BUCKET, Key=key, Body=body)
    return f"s3://{BUCKET}/{key}"


def _archive(folder: Path) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return sink.getvalue()

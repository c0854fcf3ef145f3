"""Deploys the built template to the emulator, as `sam deploy` would, without its seconds of start-up."""

from __future__ import annotations

import asyncio
import hashlib
import io
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml

from infra.local.build import BUILD_DIR, runtime
from infra.local.settings import REGION

STACK = "ringline"
BUCKET = "ringline-artifacts"
LAYER = "AWS::Serverless::LayerVersion"
CODE_PROPERTY = {"AWS::Serverless::Function": "CodeUri", LAYER: "ContentUri"}


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


@dataclass(frozen=True)
class Package:
    """What was built, in memory: the template as text, and an archive for each folder that it names."""

    template: str
    archives: dict[str, bytes]


def packaged(layers: Path) -> Package:
    """What stands in `.aws-sam/build` now; the caller has the build tree.

    The emulator unpacks a function's layers for each of its processes. Ours are 1800 files, and writing them took two
    thirds of a cold start; so they are copied once, and what the emulator gets only says where they are.

    Args:
        layers: Where the stack keeps its copy of the layers; must not exist.
    """
    text = (BUILD_DIR / "template.yaml").read_text()
    archives = {}
    for name, properties in _with_code(yaml.safe_load(text)):
        folder = properties[name]
        if name == CODE_PROPERTY[LAYER]:
            shutil.copytree(BUILD_DIR / folder, layers / folder)
            archives[folder] = _pointer(layers / folder / "python")
        else:
            archives[folder] = _archive(BUILD_DIR / folder)
    return Package(text, archives)


async def deploy(endpoint_url: str, package: Package, parameters: dict[str, str]) -> Deployed:
    """Upload the code, create the stack, and wait for it.

    Raises:
        DeployError: The emulator refused something.
    """
    return await asyncio.to_thread(_deploy, endpoint_url, package, parameters)


def client(service: Any, endpoint_url: str) -> Any:
    """A client of the emulator; it takes any credentials."""
    return boto3.client(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def _deploy(endpoint_url: str, package: Package, parameters: dict[str, str]) -> Deployed:
    template = _upload(package, endpoint_url)
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


def _upload(package: Package, endpoint_url: str) -> str:
    """The template with its folders replaced by uploaded archives."""
    store = client("s3", endpoint_url)
    store.create_bucket(Bucket=BUCKET)
    where = {}
    for folder, body in package.archives.items():
        key = f"{hashlib.sha256(body).hexdigest()[:32]}.zip"
        store.put_object(Bucket=BUCKET, Key=key, Body=body)
        where[folder] = f"s3://{BUCKET}/{key}"
    template = yaml.safe_load(package.template)
    for name, properties in _with_code(template):
        properties[name] = where[properties[name]]
    return yaml.safe_dump(template)


def _with_code(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Properties of each resource that has code, and the name of the property that says where."""
    for resource in template["Resources"].values():
        name = CODE_PROPERTY.get(resource["Type"])
        if name and isinstance(resource["Properties"].get(name), str):
            yield name, resource["Properties"]


def _pointer(modules: Path) -> bytes:
    """A layer whose modules are in `modules`, before those of the emulator's own as a layer's are.

    Source: Lambda's layer paths, and the documentation of Python's `site`, lines that begin with `import`.
    """
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        line = f"import sys; sys.path.insert(0, {str(modules)!r})\n"
        archive.writestr(f"python/lib/{runtime()}/site-packages/layer.pth", line)
    return sink.getvalue()


def _archive(folder: Path) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return sink.getvalue()

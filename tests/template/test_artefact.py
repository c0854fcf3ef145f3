"""What `sam build` and our step made: it runs from itself, and nothing is compiled at a cold start."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.bootstrap import interpreter
from infra.build.trim import SERVICES, TrimError, trim
from infra.local.build import BUILD_DIR, architecture, build, build_tree, runtime
from infra.local.settings import Settings, from_environment
from tests.template.conftest import Make

FUNCTIONS = (
    "EdgeSocketFunction",
    "PageSocketFunction",
    "EdgeAuthorizerFunction",
    "PageAuthorizerFunction",
    "HttpFunction",
    "SweeperFunction",
)
NEED_CRYPTOGRAPHY = {"EdgeAuthorizerFunction", "HttpFunction"}
LARGEST_BYTES = 250 * 1024 * 1024
KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
IMPORT = """
import gc, importlib, json, sys
module, _, name = sys.argv[1].rpartition(".")
handler = getattr(importlib.import_module(module), name)
said = {"callable": callable(handler), "modules": sorted(sys.modules)}
print(json.dumps({**said, "collects": gc.isenabled(), "passes_over": gc.get_freeze_count()}))
"""
REGIONS = ("us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "xx-unknown-7")
# Where requests to the services would go, and for which region and service they are signed.
ADDRESSES = """
import json, sys, urllib.parse, boto3
seen = []
calls = (
    ("dynamodb", None, "list_tables", {}),
    ("apigatewaymanagementapi", "https://a.example/v1", "get_connection", {"ConnectionId": "c"}),
    ("sts", None, "get_caller_identity", {}),
)
for region in sys.argv[1:]:
    for service, address, operation, parameters in calls:
        client = boto3.Session().client(service, region_name=region, endpoint_url=address)
        url = urllib.parse.urlsplit(client.generate_presigned_url(operation, parameters))
        scope = urllib.parse.parse_qs(url.query)["X-Amz-Credential"][0].split("/")
        seen.append([url.scheme, url.netloc, *scope[2:]])
print(json.dumps(seen))
"""


@dataclass(frozen=True)
class Artefact:
    """The built template and its folders."""

    template: dict[str, Any]
    root: Path

    @property
    def layer(self) -> Path:
        """What Lambda unpacks to /opt/python."""
        return self.root / str(self.template["Resources"]["CoreLayer"]["Properties"]["ContentUri"]) / "python"

    def function(self, name: str) -> tuple[Path, str]:
        """The function's folder and its handler."""
        properties = self.template["Resources"][name]["Properties"]
        return self.root / properties["CodeUri"], str(properties["Handler"])

    def folders(self) -> Iterator[Path]:
        """Every folder that becomes an archive, once."""
        yield self.layer
        yield from sorted({self.function(name)[0].resolve() for name in FUNCTIONS})


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Artefact:
    """The artefact, brought up to date as `make run` does it."""
    settings = from_environment({**os.environ, "RUN_DIR": str(tmp_path_factory.mktemp("run"))})
    if not (settings.sam / "bin" / "sam").is_file():
        pytest.skip("the SAM CLI's environment is not set up: run `make setup`")
    copy = tmp_path_factory.mktemp("artefact") / "build"
    asyncio.run(_build_and_copy(settings, copy))
    return Artefact(yaml.safe_load((copy / "template.yaml").read_text()), copy)


async def _build_and_copy(settings: Settings, copy: Path) -> None:
    async with build_tree():
        await build(settings)
        shutil.copytree(BUILD_DIR, copy)


def said_by(script: str, *arguments: str, path: Iterable[Path], environment: Mapping[str, str]) -> Any:
    """What `script` prints as JSON when it finds modules on `path` only."""
    # -I -S: no site-packages, no settings of this user; so a missing dependency is missing here as it would be there.
    put_first = f"import sys; sys.path[:0] = {[str(each) for each in path]!r}\n"
    command = [str(interpreter()), "-I", "-S", "-B", "-c", put_first + script, *arguments]
    done = subprocess.run(command, env={**KEYS, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_function_of_the_template_is_looked_at(built: Artefact) -> None:
    kinds = {name: each["Type"] for name, each in built.template["Resources"].items()}
    assert {name for name, kind in kinds.items() if kind == "AWS::Serverless::Function"} == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_handler_loads_from_the_artefact_and_its_own_settings_alone(built: Artefact, make: Make, name: str) -> None:
    folder, handler = built.function(name)
    variables = make(FixedTenant="acme").of_type("AWS::Lambda::Function")[name]["Environment"]["Variables"]
    told = {each: value.strip("<>").replace(">", "") for each, value in variables.items()}
    regions = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    said = said_by(IMPORT, handler, path=(folder, built.layer), environment={**told, **regions})
    assert said["callable"]
    assert ("cryptography" in said["modules"]) == (name in NEED_CRYPTOGRAPHY)
    assert "ringline_edge" not in said["modules"]
    assert said["collects"]
    assert said["passes_over"] > 10_000


def test_every_module_has_bytecode_that_the_runtime_uses_unasked(built: Artefact) -> None:
    wrong = []
    for folder in built.folders():
        for source in folder.rglob("*.py"):
            compiled = Path(importlib.util.cache_from_source(str(source)))
            # PEP 552: magic number, then flags; 1 is "hash-based, not checked against the source".
            head = compiled.read_bytes()[:8] if compiled.is_file() else b""
            if head != importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little"):
                wrong.append(source)
    assert wrong == []


def test_it_was_built_for_this_machine_and_fits_into_lambda(built: Artefact) -> None:
    assert built.template["Resources"]["CoreLayer"]["Metadata"]["BuildMethod"] == runtime()
    assert built.template["Resources"]["CoreLayer"]["Metadata"]["BuildArchitecture"] == architecture()
    size = sum(path.stat().st_size for folder in built.folders() for path in folder.rglob("*") if path.is_file())
    assert size < LARGEST_BYTES


def test_no_tests_and_no_edge_are_shipped(built: Artefact) -> None:
    shipped = {path.name for folder in built.folders() for path in folder.iterdir()}
    assert {"ringline_core", "ringline_cloud"} <= shipped
    assert shipped.isdisjoint({"ringline_edge", "tests", "infra"})


@pytest.mark.parametrize("package", ["boto3", "botocore", "pydantic", "aws-lambda-powertools"])
def test_the_layer_brings_the_version_that_the_tests_run_against(built: Artefact, package: str) -> None:
    (shipped,) = importlib.metadata.distributions(name=package, path=[str(built.layer)])
    assert shipped.version == importlib.metadata.version(package)


def test_the_sdk_knows_only_the_services_that_are_called(built: Artefact) -> None:
    assert {path.name for path in (built.layer / "botocore" / "data").iterdir() if path.is_dir()} == SERVICES


def test_the_trimmed_sdk_sends_requests_where_the_whole_one_does(built: Artefact) -> None:
    found = importlib.util.find_spec("botocore")
    assert found
    assert found.origin
    whole, trimmed = Path(found.origin).parent.parent, built.layer
    seen = [said_by(ADDRESSES, *REGIONS, path=(path,), environment={}) for path in (whole, trimmed)]
    assert len(seen[0]) == len(SERVICES) * len(REGIONS)
    assert seen[0] == seen[1]


def test_trimming_again_changes_nothing(built: Artefact, tmp_path: Path) -> None:
    data = tmp_path / "CoreLayer" / "python" / "botocore" / "data"
    shutil.copytree(built.layer / "botocore" / "data", data)
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    trim(tmp_path)
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before


def test_a_build_without_an_sdk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrimError, match="no SDK"):
        trim(tmp_path)


def test_an_sdk_without_a_service_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CoreLayer" / "python" / "botocore" / "data" / "dynamodb").mkdir(parents=True)
    with pytest.raises(TrimError, match="nothing on apigatewaymanagementapi, sts"):
        trim(tmp_path)

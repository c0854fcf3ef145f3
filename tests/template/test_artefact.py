"""What `sam build` and the bytecode step made: it runs from itself, and nothing is compiled at a cold start."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.bootstrap import interpreter
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
# What Lambda's Python runtimes bring along themselves.
OF_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
NEED_CRYPTOGRAPHY = {"EdgeAuthorizerFunction", "HttpFunction"}
LARGEST_BYTES = 250 * 1024 * 1024
IMPORT = """
import importlib, json, sys
sys.path[:0] = sys.argv[2:]
module, _, name = sys.argv[1].rpartition(".")
handler = getattr(importlib.import_module(module), name)
print(json.dumps({"callable": callable(handler), "modules": sorted(sys.modules)}))
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


@pytest.fixture(scope="session")
def lambda_runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the runtime itself brings along, and nothing else of this environment."""
    folder = tmp_path_factory.mktemp("runtime")
    found = importlib.util.find_spec("boto3")
    assert found
    assert found.origin
    for name in OF_THE_RUNTIME:
        (folder / name).symlink_to(Path(found.origin).parent.parent / name)
    return folder


def test_every_function_of_the_template_is_looked_at(built: Artefact) -> None:
    kinds = {name: each["Type"] for name, each in built.template["Resources"].items()}
    assert {name for name, kind in kinds.items() if kind == "AWS::Serverless::Function"} == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_handler_loads_from_the_artefact_and_its_own_settings_alone(
    built: Artefact, lambda_runtime: Path, make: Make, name: str
) -> None:
    folder, handler = built.function(name)
    variables = make(FixedTenant="acme").of_type("AWS::Lambda::Function")[name]["Environment"]["Variables"]
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
    # -I -S: no site-packages, no settings of this user; so a missing dependency is missing here as it would be there.
    command = [
        str(interpreter()),
        "-I",
        "-S",
        "-c",
        IMPORT,
        handler,
        str(folder),
        str(built.layer),
        str(lambda_runtime),
    ]
    told = {each: value.strip("<>").replace(">", "") for each, value in variables.items()}
    environment = {**told, **keys, "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["callable"]
    assert ("cryptography" in said["modules"]) == (name in NEED_CRYPTOGRAPHY)
    assert "ringline_edge" not in said["modules"]


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
    assert shipped.isdisjoint({"ringline_edge", "tests", "infra", "boto3", "botocore"})

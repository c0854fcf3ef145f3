"""The template as AWS's own transform makes it; what needs the SAM CLI's environment runs there."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from infra.local.settings import ROOT
from tests.template.formation import Formation

SAM = ROOT / ".tools" / "sam" / "bin"
TEMPLATE = ROOT / "template.yaml"
REAL = {"OidcIssuer": "https://issuer.example", "OidcAudience": "client"}
Make = Callable[..., Formation]


@cache
def _transformed(given: tuple[tuple[str, str], ...]) -> str:
    if not (SAM / "python").is_file():
        pytest.skip("the SAM CLI's environment is not set up: run `make setup`")
    script = Path(__file__).with_name("transform.py")
    command = [str(SAM / "python"), str(script), str(TEMPLATE), *(f"{name}={value}" for name, value in given)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def make() -> Make:
    """Makes the formation of a deployment with some parameters."""

    def made(**given: str) -> Formation:
        parameters = {**REAL, **given}
        return Formation(json.loads(_transformed(tuple(sorted(parameters.items())))), parameters)

    return made


@pytest.fixture(scope="session")
def real(make: Make) -> Formation:
    """A deployment on AWS with an issuer and otherwise the defaults."""
    return make()


@pytest.fixture(scope="session")
def sam_home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment for the SAM CLI: no telemetry, no settings of this machine's user, no account."""
    home = tmp_path_factory.mktemp("sam")
    quiet = {"SAM_CLI_TELEMETRY": "0", "HOME": str(home), "AWS_DEFAULT_REGION": "us-east-1"}
    return {"PATH": os.environ["PATH"], **quiet}

"""What the emulator is given of the build: functions as they are, and of a layer only where it is."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.local import deploy
from infra.local.build import runtime

TEMPLATE = """
Resources:
  Core: {Type: "AWS::Serverless::LayerVersion", Properties: {ContentUri: CoreLayer}}
  Http: {Type: "AWS::Serverless::Function", Properties: {CodeUri: HttpFunction}}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> deploy.Package:
    """A function `app` and a layer with a module `shared`, packaged; the build is gone afterwards."""
    build = tmp_path / "build"
    for path, text in {
        "template.yaml": TEMPLATE,
        "HttpFunction/app.py": "import shared",
        "CoreLayer/python/shared.py": "print('of the layer')",
    }.items():
        (build / path).parent.mkdir(parents=True, exist_ok=True)
        (build / path).write_text(text)
    monkeypatch.setattr(deploy, "BUILD_DIR", build)
    made = deploy.packaged(tmp_path / "layers")
    build.rename(tmp_path / "rebuilt")
    return made


def unpacked(archive: bytes, folder: Path) -> Path:
    """As the emulator does for each process."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(folder)
    return folder


def test_a_functions_modules_are_found_in_the_stacks_own_copy_of_the_layer_before_all_others(
    package: deploy.Package, tmp_path: Path
) -> None:
    code = unpacked(package.archives["HttpFunction"], tmp_path / "code")
    layer = unpacked(package.archives["CoreLayer"], tmp_path / "layer")
    (code / "shared.py").write_text("print('of somebody else')")
    folder = layer / "python" / "lib" / runtime() / "site-packages"
    begins = f"import site, sys; sys.path.insert(0, {str(code)!r}); site.addsitedir({str(folder)!r}); import app"
    done = subprocess.run([sys.executable, "-c", begins], capture_output=True, text=True, check=True)
    assert done.stdout == "of the layer\n"


def test_of_a_layer_one_file_is_unpacked_for_each_process(package: deploy.Package, tmp_path: Path) -> None:
    layer = unpacked(package.archives["CoreLayer"], tmp_path / "layer")
    assert len([path for path in layer.rglob("*") if path.is_file()]) == 1

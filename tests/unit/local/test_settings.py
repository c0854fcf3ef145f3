"""What the variables of `make run` may say."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from infra.local.ports import reserved
from infra.local.settings import ROOT, SettingsError, from_environment


def test_the_defaults_are_the_simulated_pbx_and_an_edge() -> None:
    settings = from_environment({})
    assert (settings.pbx, settings.ami, settings.edge, settings.run_dir) == ("simulator", None, True, ROOT / ".run")


def test_an_ami_address_means_a_pbx_that_is_there_already() -> None:
    assert from_environment({"AMI": "pbx:5038", "PBX": "simulator"}).pbx == "ami"


def test_an_absolute_run_dir_is_taken_as_it_is() -> None:
    assert from_environment({"RUN_DIR": "/tmp/x"}).run_dir == Path("/tmp/x")


@pytest.mark.parametrize(
    "environ",
    [
        {"PBX": "nec"},
        {"EDGE": "maybe"},
        {"QUEUE_RING_S": "soon"},
        {"QUEUE_RING_S": "0"},
        {"AMI": "nowhere"},
        {"PARAMETERS": "3"},
    ],
)
def test_a_wrong_value_is_refused_by_name(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(environ))):
        from_environment(environ)


def test_parameters_of_the_template_are_taken_by_name() -> None:
    asked = from_environment({"PARAMETERS": "EdgeBeatSeconds=3  EdgeLeaseSeconds=8"})
    assert asked.parameters == {"EdgeBeatSeconds": "3", "EdgeLeaseSeconds": "8"}
    assert from_environment({}).parameters == {}


def test_a_taken_port_is_not_chosen_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with reserved(port) as other:
            assert other.getsockname()[1] != port


def test_a_reserved_port_is_kept_from_everybody_else() -> None:
    with reserved(0) as mine, reserved(mine.getsockname()[1]) as other:
        assert other.getsockname() != mine.getsockname()

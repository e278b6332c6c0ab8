"""The files of deploy/ name what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

from assistant.server import SECONDS_TO_END
from assistant.settings import Settings, environment_name

DEPLOY = Path(__file__).parent.parent / "deploy"


def test_every_variable_is_a_setting() -> None:
    """Each DATELINE_… in the files is one that is read."""
    known = {environment_name(name) for name in Settings.model_fields}
    named = {name for path in DEPLOY.iterdir() for name in re.findall(r"DATELINE_[A-Z_]+", path.read_text("utf-8"))}

    assert named
    assert named <= known


def test_the_services_of_the_compose_file_fit_together() -> None:
    """Its settings are good ones, each address names a service, each volume is there, and the end is waited for."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    services = compose["services"]
    dateline = services["dateline"]
    given = {name.removeprefix("DATELINE_").lower(): value for name, value in dateline["environment"].items()}
    settings = Settings(**given)

    assert settings.workers > 1
    assert settings.catalog_url is not None
    assert settings.chroma_server is not None
    hosts = {settings.catalog_url.rpartition("@")[2].partition("/")[0], settings.chroma_url.split("/")[2].split(":")[0]}  # type: ignore[union-attr]
    assert hosts == set(services) - {"dateline"} == set(dateline["depends_on"])
    used = {volume.partition(":")[0] for service in services.values() for volume in service["volumes"]}
    assert used == set(compose["volumes"])
    assert int(dateline["stop_grace_period"].removesuffix("s")) >= SECONDS_TO_END


def test_the_image_gets_what_the_installation_needs() -> None:
    """`.dockerignore` lets in the packages, and the files that the project's description and the image's lines name."""
    root = DEPLOY.parent
    lines = (root / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    setuptools = project["tool"]["setuptools"]
    packages = {name.removesuffix("*") for name in setuptools["packages"]["find"]["include"]}
    modules = {f"{name}.py" for name in setuptools["py-modules"]}
    named = {project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml", "constraints.txt"}

    assert "*" in lines
    assert let_in == packages | modules | named
    assert [name for name in let_in if not (root / name).exists()] == []

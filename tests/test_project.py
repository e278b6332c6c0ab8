"""The project's promises about itself: what the README says is so."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import click
import pytest

from assistant.cli import EXIT_CODES, cli
from assistant.settings import Settings, environment_name

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PACKAGES = ("assistant", "corpus", "index")


def code_blocks(text: str) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def test_every_setting_stands_in_the_readme() -> None:
    """The table of settings is the settings: names, defaults and meanings."""
    rows = [
        f"| `{environment_name(name)}` | "
        + ("the platform's user data folder" if field.default_factory else f"`{field.default}`")
        + f" | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    assert re.findall(r"^\| `DATELINE_.*$", README, flags=re.MULTILINE) == rows


def test_every_command_of_the_readme_exists() -> None:
    """Each `dateline …` of a code block names a command, with options that it has."""
    lines = [line for block in code_blocks(README) for line in block.splitlines()]
    calls = [line.removeprefix("$ ").split("#")[0] for line in lines if re.match(r"(\$ )?dateline\b", line)]
    assert calls
    for call in calls:
        words = call.split()[1:]
        if words[0].startswith("-"):
            continue
        command = cli.commands[words[0]]
        if isinstance(command, click.Group):
            command = command.commands[words[1]]
        options = {flag for param in command.params for flag in param.opts}
        assert {word for word in words if word.startswith("--")} <= options, call


def test_every_target_of_the_readme_exists() -> None:
    """Each `make …` of the README is a target of the Makefile."""
    named = set(re.findall(r"^make (\w+)|`make (\w+)", README, flags=re.MULTILINE))
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    assert named
    assert {one or other for one, other in named} <= targets


def test_the_help_of_the_readme_is_the_help() -> None:
    """The README shows what `dateline --help` prints."""
    context = cli.make_context("dateline", [], resilient_parsing=True, terminal_width=80)
    block = re.search(r"<!-- help -->\n```\n(.*?)```", README, flags=re.DOTALL)
    assert block is not None
    assert block[1] == "$ dateline --help\n" + cli.get_help(context) + "\n"


def test_the_exit_codes_of_the_readme_are_those_of_the_help() -> None:
    """The README and `--help` explain the same exit codes in the same words."""
    told = re.findall(r"^  (\d+) +(.*)$", EXIT_CODES, flags=re.MULTILINE)
    assert told == re.findall(r"^\| (\d+) \| (.*) \|$", README, flags=re.MULTILINE)


def test_relative_links_of_the_readme_lead_somewhere() -> None:
    """What the README links to or shows is there."""
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_help_is_quick() -> None:
    """`dateline --help` takes less than 0.3 s: it imports nothing heavy."""
    command = [sys.executable, "-c", "from assistant.cli import main; main()", "--help"]
    times = []
    for _ in range(5):
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        times.append(time.perf_counter() - started)
    assert done.stdout.startswith("Usage:")
    assert min(times) < 0.3


def test_help_imports_nothing_heavy() -> None:
    """The command line alone loads no model library, no web framework and no settings."""
    code = "import sys, assistant.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = {"torch", "transformers", "chromadb", "gradio", "fastapi", "pydantic", "rich", "numpy", "sqlalchemy"}
    assert heavy & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    "path",
    sorted(path for package in PACKAGES for path in (ROOT / package).rglob("__init__.py")),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_packages_only_hand_on_names(path: Path) -> None:
    """An `__init__` is empty, or imports names and lists them all, sorted, in `__all__`."""
    statements = ast.parse(path.read_text("utf-8")).body
    imported: set[str] = set()
    listed: list[str] = []
    for statement in statements:
        match statement:
            case ast.Expr(value=ast.Constant(value=str())):
                continue
            case ast.ImportFrom(names=names):
                imported |= {alias.asname or alias.name for alias in names}
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                listed = ast.literal_eval(value)
            case _:
                pytest.fail(f"{path} does more than hand on names: {ast.unparse(statement)}")
    assert listed == sorted(imported - {"annotations"})


def test_nothing_that_is_served_names_a_foreign_host() -> None:
    """Page and API load nothing from elsewhere: their sources hold no address but this computer's."""
    here = re.compile(r"https?://(127\.0\.0\.1|localhost|\[|\{|www\.w3\.org/)")
    suffixes = {".py", ".css", ".js", ".html", ".svg"}
    foreign = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in ("assistant/ui", "assistant/http")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in suffixes
        for line in path.read_text("utf-8").splitlines()
        for address in re.findall(r"https?://\S*", line)
        if not here.match(address) and not line.lstrip().startswith(("#", "//", "*"))
    ]
    assert foreign == []


def test_constraints_pin_every_dependency() -> None:
    """The constraints name an exact version for each package that the project asks for, and no place."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *(item for extra in project["optional-dependencies"].values() for item in extra)]
    pins = [
        line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line and not line.startswith("#")
    ]
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", pin)] == []
    pinned = {_normal(pin.split("==")[0]) for pin in pins}
    assert {_normal(re.split(r"[\[<>=!~; ]", item)[0]) for item in asked} - pinned == set()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_tests_reach_no_network() -> None:
    """A connection or a look-up that leaves this computer fails in every test."""
    with pytest.raises(AssertionError, match="tests use no network but loopback"):
        socket.create_connection(("example.org", 80))
    with pytest.raises(AssertionError, match="tests use no network but loopback"):
        socket.create_connection(("192.0.2.1", 80))

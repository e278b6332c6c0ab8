"""Start Dateline: ``python app.py`` serves the page and the API, on the first start with sample documents."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from assistant.parts import Parts

SAMPLE = Path(__file__).parent / "corpus" / "sample"
_SAMPLE_FACT = "sample"
"""Fact in the catalog: ``reading`` from the first start until the sample is in, then ``read``."""


def main() -> int:
    """Serve until interrupted; the exit code is that of ``dateline serve``."""
    from assistant.cli import BAD_INPUT, CANNOT_START, DONE
    from assistant.server import PortError, serve_forever
    from index.errors import LibraryError

    try:
        settings = load_settings()
    except SettingsError as error:
        click.echo(f"Error: {error}", err=True)
        return BAD_INPUT
    try:
        serve_forever(settings, announce=_announce, prepare=read_sample)
    except SettingsError as error:
        click.echo(f"Error: {error}", err=True)
        return BAD_INPUT
    except (PortError, LibraryError) as error:
        click.echo(f"Error: {error}", err=True)
        return CANNOT_START
    return DONE


def read_sample(parts: Parts) -> None:
    """Put the sample documents into a library that never held anything.

    Where an earlier start was cut short in this, it is brought to its end.
    """
    from assistant import ingestion

    if parts.catalog.ever_held() and parts.catalog.fact(_SAMPLE_FACT) != "reading":
        return
    parts.catalog.set_fact(_SAMPLE_FACT, "reading")
    click.echo("First start: reading the sample documents …")
    results = list(ingestion.ingest(parts.library, ingestion.find([SAMPLE]).files))
    for result in results:
        if result.status == ingestion.FAILED:
            click.echo(f"{result.path.name}: {result.detail}", err=True)
    parts.catalog.set_fact(_SAMPLE_FACT, "read")
    click.echo(f"The library holds {parts.library.stats().documents} documents.")


def _announce(url: str) -> None:
    click.echo(f"Dateline is at {url}  (Ctrl-C ends it)")


if __name__ == "__main__":
    sys.exit(main())

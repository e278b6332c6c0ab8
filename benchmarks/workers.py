"""What more processes bring: ``python benchmarks/workers.py [--workers 1 2 4] [--clients 16] [--seconds 20]``.

For each number of workers ``dateline serve --workers N`` is started over the sample documents, with one PostgreSQL and
one Chroma server, and all clients ask, one question after the other, none twice. All share the machine. Prints one JSON
object with a row for each:

- ``answers_per_second``, ``p50_ms``, ``p95_ms``, ``wrong`` (citations that are not the text at their place);
- ``core_seconds``: what a question took of the cores, by ``workers``, ``postgresql``, ``chroma`` and the ``clients``;
- ``cores_busy``: how many cores these kept busy, and ``cores_busy_by_others`` what else runs here: where both together
  come near ``cores``, these are what bounds the throughput;
- ``memory_mb``: of all workers, without what they share.

``DATELINE_READER=none`` in the environment measures without the reader.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clients import Load
from servers import COMMAND, ROOT, BothServers, DatelineProcess, both_servers, children, postgres_programs

TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    programs = postgres_programs()
    if programs is None:
        print("PostgreSQL is not installed: apt-get install postgresql", file=sys.stderr)
        return 2
    told: dict[str, Any] = {"cores": os.cpu_count(), "load_before": round(os.getloadavg()[0], 1), **vars(given)}
    with both_servers(programs) as servers:
        subprocess.run(
            [*COMMAND, "ingest", str(ROOT / "corpus" / "sample")],
            env=os.environ | servers.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        told["rows"] = [
            measure(DatelineProcess(servers.environment, workers), servers, given.clients, given.seconds)
            for workers in given.workers
        ]
    print(json.dumps(told, indent=1))
    return 0


def measure(server: DatelineProcess, servers: BothServers, clients: int, seconds: float) -> dict[str, Any]:
    """One row; the server is ended afterwards."""
    workers = server.workers() or [server.process.pid]  # one serves by itself
    clocks: dict[str, Callable[[], float]] = {
        "workers": lambda: core_seconds(server.process.pid),
        "postgresql": lambda: core_seconds(servers.postgres.process),
        "chroma": lambda: core_seconds(servers.chroma.process),
        "clients": time.process_time,
        "all": machine_seconds,
    }
    try:
        before = {name: clock() for name, clock in clocks.items()}
        since = time.monotonic()
        asked = asyncio.run(Load(server.url, clients).ask(seconds))
        lasted = time.monotonic() - since
        took = {name: clock() - before[name] for name, clock in clocks.items()}
        memory = sum(map(own_memory, workers))
    finally:
        server.process.terminate()
        server.process.wait()
    others = took.pop("all") - sum(took.values())
    return {
        "workers": len(workers),
        "answers_per_second": asked["per_second"],
        **{name: asked[name] for name in ("p50_ms", "p95_ms", "answers", "refused", "errors", "citations", "wrong")},
        "core_seconds": {name: round(value / asked["answers"], 3) for name, value in took.items()},
        "cores_busy": round(sum(took.values()) / lasted, 2),
        "cores_busy_by_others": round(max(0.0, others) / lasted, 2),
        "memory_mb": round(memory),
    }


def core_seconds(process: int) -> float:
    """What a process and all that it started have taken of the cores, those that have ended too."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / TICKS + sum(map(core_seconds, children(process)))


def machine_seconds() -> float:
    """What everything on this machine has taken of the cores."""
    user, nice, system = Path("/proc/stat").read_text("utf-8").split()[1:4]
    return (int(user) + int(nice) + int(system)) / TICKS


def own_memory(process: int) -> float:
    """MB that would be free if the process ended."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text("utf-8")
    return sum(int(size) for size in re.findall(r"^Private_\w+:\s+(\d+) kB$", rollup, flags=re.MULTILINE)) / 1024


if __name__ == "__main__":
    sys.exit(main())

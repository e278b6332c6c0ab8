"""How the API holds when many ask at once: ``python benchmarks/clients.py [--clients 50] [--seconds 120]``.

Prints one JSON object:

- ``ask``: what became of the questions that all clients asked at once. ``answers`` came, ``refused`` were told to come
  again (429 or 503 with Retry-After), ``errors`` are all else; ``wrong`` citations are not the text at their place.
  ``p50_ms`` and ``p95_ms`` are of answers, ``memory_mb`` is the server's after 10 s and in quarters from there on;
- ``search``: the same clients at ``/v1/search``; ``bare_per_second`` is ``Library.search`` in two threads of a process
  without a server, ``share`` is what the server reaches of it. ``bare_ask`` is the same of ``Assistant.ask``;
- ``overhead_ms``: from a request to its parsed answer on a connection that stands, less what ``Assistant.ask`` took for
  it: the median.

No text is asked twice, so that each is embedded. Servers and clients share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import itertools
import json
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from page import serve

ROOT = Path(__file__).parent.parent
SET = ROOT / "tests" / "eval" / "sample" / "questions.jsonl"
ROWS = [json.loads(line) for line in SET.read_text("utf-8").splitlines()]
QUESTIONS = [row["question"] for row in ROWS if not row.get("history")]
WARM_SECONDS = 10
SHORT_SECONDS = 20
MEASURED = 60
"""Questions whose overhead is measured."""
_ASKED = itertools.count()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    given = parser.parse_args()
    os.environ["DATELINE_REQUESTS_PER_MINUTE"] = "1000000"  # all clients have one address
    with serve() as url:
        wait_until_ready(url)
        asked = asyncio.run(Load(url, given.clients).ask(given.seconds))
        searched = asyncio.run(Load(url, given.clients).search(SHORT_SECONDS))
    bare = measure_bare()
    told = {
        "cores": os.cpu_count(),
        "load_before": asked.pop("load_before"),
        "clients": given.clients,
        "ask": asked,
        "bare_ask": {"per_second": bare["ask"], "share": round(asked["per_second"] / bare["ask"], 2)},
        "search": searched
        | {"bare_per_second": bare["search"], "share": round(searched["per_second"] / bare["search"], 2)},
        "overhead_ms": bare["overhead_ms"],
    }
    print(json.dumps(told, indent=1))
    return 0


def wait_until_ready(url: str) -> None:
    while httpx.get(f"{url}/readyz", trust_env=False).status_code != 200:
        time.sleep(0.2)


class Load:
    """Clients that ask one after the other, all at once."""

    def __init__(self, url: str, clients: int) -> None:
        self._url = url
        self._clients = clients
        self._outcomes: Counter[str] = Counter()
        self._times: list[float] = []
        self._texts: dict[str, str] = {}
        self._end = 0.0

    async def ask(self, seconds: float) -> dict[str, Any]:
        """Ask for so many seconds, and check every citation of every answer."""
        load = round(os.getloadavg()[0], 1)
        memory: list[float] = []

        async def watch(http: aiohttp.ClientSession) -> None:
            await asyncio.sleep(WARM_SECONDS)
            memory.append(await self._memory(http))
            for _ in range(4):
                await asyncio.sleep((seconds - WARM_SECONDS) / 4)
                memory.append(await self._memory(http))

        took = await self._all("/v1/ask", "question", seconds, self._check, watch)
        return {"load_before": load, "seconds": round(took)} | self._told(took) | {"memory_mb": memory}

    async def search(self, seconds: float) -> dict[str, Any]:
        """Search for so many seconds."""

        async def none(*_: Any) -> None:
            return

        took = await self._all("/v1/search", "query", seconds, none, none)
        told = self._told(took)
        return {name: value for name, value in told.items() if name not in ("answered", "citations", "wrong")}

    def _told(self, took: float) -> dict[str, Any]:
        p50, p95 = (statistics.quantiles(self._times, n=20)[place] for place in (9, 18))
        names = ("answers", "answered", "refused", "errors", "citations", "wrong")
        return {
            **{name: self._outcomes[name] for name in names},
            "p50_ms": round(p50 * 1000),
            "p95_ms": round(p95 * 1000),
            "per_second": round(self._outcomes["answers"] / took, 2),
        }

    async def _all(self, path: str, field: str, seconds: float, check: Callable[..., Any], watch: Any) -> float:
        limit = aiohttp.TCPConnector(limit=self._clients + 5)
        patience = aiohttp.ClientTimeout(total=180)
        async with aiohttp.ClientSession(self._url, timeout=patience, connector=limit) as http:
            since = time.monotonic()
            self._end = since + seconds
            clients = [self._client(http, path, field, check) for _ in range(self._clients)]
            await asyncio.gather(*clients, watch(http))
            return time.monotonic() - since

    async def _client(self, http: aiohttp.ClientSession, path: str, field: str, check: Any) -> None:
        while (since := time.monotonic()) < self._end:
            try:
                async with http.post(path, json={field: fresh()}) as response:
                    body = await response.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                self._outcomes["errors"] += 1
                print(repr(error), file=sys.stderr)
                continue
            if response.status in (429, 503) and "retry-after" in response.headers:
                self._outcomes["refused"] += 1
                await asyncio.sleep(float(response.headers["retry-after"]))
            elif response.status != 200:
                self._outcomes["errors"] += 1
                print(response.status, body[:200], file=sys.stderr)
            else:
                self._times.append(time.monotonic() - since)
                self._outcomes["answers"] += 1
                await check(http, body)

    async def _check(self, http: aiohttp.ClientSession, body: bytes) -> None:
        answer = json.loads(body)
        self._outcomes["answered"] += answer["answered"]
        for citation in answer["citations"]:
            document_id, span, place = citation["document_id"], citation["span"], citation["answer"]
            if document_id not in self._texts:
                self._texts[document_id] = await self._text(http, f"/v1/documents/{document_id}/text")
            quoted = self._texts[document_id][span["start"] : span["end"]]
            self._outcomes["citations"] += 1
            said = answer["text"][place["start"] : place["end"]]
            if not citation["quote"] == quoted == said or f"[{citation['id']}]" not in answer["text"]:
                self._outcomes["wrong"] += 1

    async def _memory(self, http: aiohttp.ClientSession) -> float:
        found = re.search(
            r"^process_resident_memory_bytes (\S+)$", await self._text(http, "/metrics"), flags=re.MULTILINE
        )
        assert found is not None
        return round(float(found[1]) / 2**20)

    @staticmethod
    async def _text(http: aiohttp.ClientSession, path: str) -> str:
        async with http.get(path) as response:
            return await response.text("utf-8")


def fresh() -> str:
    """The next of the questions, never the same text twice."""
    turn, place = divmod(next(_ASKED), len(QUESTIONS))
    return f"{QUESTIONS[place]} {f'{turn:b}'.translate({ord('0'): '?', ord('1'): '!'})}"


def measure_bare() -> dict[str, float]:
    """Questions and searches a second without a server, and what a server adds to a question."""
    from assistant import ingestion
    from assistant.parts import open_parts
    from assistant.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        parts = open_parts(settings)
        list(ingestion.ingest(parts.library, ingestion.find([ROOT / "corpus" / "sample"]).files))
        parts.assistant.ask(QUESTIONS[0])
        told = {
            "search": in_two_threads(lambda question: parts.library.search(question, limit=10)),
            "ask": in_two_threads(parts.assistant.ask),
        }
        with served(parts, settings) as url:
            told["overhead_ms"] = round(statistics.median(overheads(url, parts)), 1)
        parts.close()
    return told


def overheads(url: str, parts: Any) -> Iterator[float]:
    """Milliseconds that a server adds to each of some questions."""
    took = 0.0
    ask = parts.assistant.ask

    def timed_ask(*given: Any, **named: Any) -> Any:
        nonlocal took
        since = time.perf_counter()
        answer = ask(*given, **named)
        took = time.perf_counter() - since
        return answer

    parts.assistant.ask = timed_ask
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    headers = {"Content-Type": "application/json"}
    for _ in range(MEASURED):
        body = json.dumps({"question": fresh()})
        since = time.perf_counter()
        connection.request("POST", "/v1/ask", body, headers)
        json.loads(connection.getresponse().read())
        yield (time.perf_counter() - since - took) * 1000
    connection.close()
    parts.assistant.ask = ask


def in_two_threads(work: Callable[[str], object]) -> float:
    """How often a second two threads do a piece of work."""
    end = time.monotonic() + SHORT_SECONDS
    counts = [0, 0]

    def loop(number: int) -> None:
        while time.monotonic() < end:
            work(fresh())
            counts[number] += 1

    threads = [threading.Thread(target=loop, args=(number,)) for number in range(2)]
    since = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(sum(counts) / (time.monotonic() - since), 2)


@contextmanager
def served(parts: Any, settings: Any) -> Iterator[str]:
    """The page and the API on open parts, in a thread of this process; the URL."""
    import uvicorn

    from assistant.http.api import create_app
    from assistant.server import listen, url_of
    from assistant.ui.page import mount_page

    app = mount_page(create_app(parts, settings), parts, settings)
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield url_of(listener)
        server.should_exit = True
        thread.join(timeout=30)


if __name__ == "__main__":
    raise SystemExit(main())

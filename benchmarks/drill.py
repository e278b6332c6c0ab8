"""Kill every part of a Dateline on servers while many ask and files come in, and look whether anything was lost.

    python benchmarks/drill.py [--clients 50] [--files 300] [--workers 2] [--pause 0]

Starts a PostgreSQL, a Chroma server and ``dateline serve --workers N`` on the sample documents. All clients ask, one
question after the other with a pause between, and one background job adds generated files. While it runs a worker, the
Chroma server, PostgreSQL and another worker are killed by ``kill -9``, each when the job has come some way further and
all is well again. Workers are replaced by their parent; the two servers are started again after a second, as systemd
would.

Prints one JSON object; the exit code is 1 where an answer was wrong or half, a file was lost or doubled, or a part did
not come back:

- ``known_questions``: are asked. They are answered right on the sample, and also in a folder of one machine that holds
  all files: words that get commoner change what is found, and that is no fault of a kill;
- ``questions``: ``right`` answers hold an expected answer and nothing but quotes that stand where they say, ``wrong``
  ones do not. ``refused`` were told to come again (503 or 429 with Retry-After), ``cut`` lost their connection or
  waited longer than the client does; ``errors`` are all else;
- ``kills``: after how many files of the job, seconds until all parts were up and ready again, and what became of
  the questions that ended meanwhile;
- ``files``: how many are in the library, once each, and found; ``doctor`` is what the command says of the library.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import httpx
from servers import (
    COMMAND,
    ROOT,
    ChromaProcess,
    DatelineProcess,
    PostgresProcess,
    both_servers,
    postgres_programs,
    supervised,
)

SAMPLE = ROOT / "corpus" / "sample"
SET = ROOT / "tests" / "eval" / "sample" / "questions.jsonl"
PATIENCE = 300.0
"""Seconds that a client waits for an answer, and all wait for a part to be well again."""
LONGEST = 3600.0
"""Seconds that the job may take."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
SYLLABLES = ("ba", "do", "fi", "gu", "ka", "le", "mo", "nu", "po", "ri", "sa", "te")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pause", type=float, default=0, help="seconds that a client thinks before it asks again")
    given = parser.parse_args()
    programs = postgres_programs()
    if programs is None:
        print("PostgreSQL is not installed: apt-get install postgresql", file=sys.stderr)
        return 2
    rows = known_in_a_folder(given.files)
    told: dict[str, Any] = {"load_before": round(os.getloadavg()[0], 1), **vars(given)}
    with both_servers(programs) as servers:
        environment = os.environ | servers.environment
        subprocess.run([*COMMAND, "ingest", str(SAMPLE)], env=environment, check=True, stdout=sys.stderr)
        server = DatelineProcess(servers.environment, given.workers)
        try:
            with supervised([servers.chroma, servers.postgres]):
                drill = Drill(server, servers.chroma, servers.postgres, given.pause)
                told |= asyncio.run(drill.run(rows, given.clients, given.files))
            told["doctor"] = doctor(environment)
        finally:
            server.process.terminate()
            server.process.wait()
    print(json.dumps(told, indent=1))
    files, asked = told["files"], told["questions"]
    whole = files["once"] == files["found"] == given.files and files["failed"] == 0 and told["doctor"]["code"] == 0
    return 0 if whole and asked["right"] and not asked["wrong"] and not asked["errors"] else 1


class Drill:
    """One run on servers that stand."""

    def __init__(self, server: DatelineProcess, chroma: ChromaProcess, postgres: PostgresProcess, pause: float) -> None:
        self._server = server
        self._workers = len(server.workers())
        self._chroma = chroma
        self._postgres = postgres
        self._pause = pause
        self._outcomes: Counter[str] = Counter()
        self._wrong: list[str] = []
        self._texts: dict[str, str] = {}
        self._over = False

    async def run(self, rows: list[dict[str, Any]], clients: int, files: int) -> dict[str, Any]:
        limits = httpx.Limits(max_connections=clients + 5)
        async with httpx.AsyncClient(
            base_url=self._server.url, timeout=PATIENCE, limits=limits, trust_env=False
        ) as http:
            at_first = await _some_at_once(lambda row: self._asked(http, row), rows)
            known = [row for row, wrong in zip(rows, at_first, strict=True) if not wrong]
            asking = [asyncio.create_task(self._client(http, known, number)) for number in range(clients)]
            since = time.monotonic()
            job = await self._submit(http, files)
            kills = [
                await self._kill(http, name, kill, job, files * number // 5)
                for number, (name, kill) in enumerate(
                    [
                        ("worker", self._kill_worker),
                        ("chroma", self._chroma.kill),
                        ("postgresql", self._postgres.kill),
                        ("another worker", self._kill_worker),
                    ],
                    start=1,
                )
            ]
            done = await self._job(http, job, lambda job: job["state"] in ("done", "stopped"))
            took = time.monotonic() - since
            self._over = True
            await asyncio.gather(*asking)
            names = ("right", "wrong", "refused", "cut", "errors")
            return {
                "known_questions": len(known),
                "seconds": round(took),
                "questions": {name: self._outcomes[name] for name in names},
                "told_wrong": self._wrong[:20],
                "kills": kills,
                "job": done["state"],
                "files": await self._files(http, files, done),
            }

    async def _client(self, http: httpx.AsyncClient, rows: list[dict[str, Any]], number: int) -> None:
        turn = number * 7
        await asyncio.sleep(self._pause * random.random())  # noqa: S311 — so that they do not ask in step
        while not self._over:
            row = rows[turn % len(rows)]
            turn += 1
            try:
                response = await http.post("/v1/ask", json={"question": row["question"]})
            except httpx.TransportError:
                self._outcomes["cut"] += 1
                await asyncio.sleep(1)
                continue
            if response.status_code in (429, 503) and "retry-after" in response.headers:
                self._outcomes["refused"] += 1
                await asyncio.sleep(float(response.headers["retry-after"]))
            elif response.status_code != 200:
                self._outcomes["errors"] += 1
                self._wrong.append(f"{row['id']}: status {response.status_code} {response.text[:300]}")
                await asyncio.sleep(1)
            else:
                wrong = await self._wrong_with(http, row, response.json())
                self._outcomes["wrong" if wrong else "right"] += 1
                if wrong:
                    self._wrong.append(f"{row['id']}: {wrong}")
                await asyncio.sleep(self._pause)

    async def _wrong_with(self, http: httpx.AsyncClient, row: dict[str, Any], answer: dict[str, Any]) -> str:
        """What is wrong with an answer; empty for nothing."""
        if not answer["answered"]:
            return f"not answered: {answer['reason']}"
        for citation in answer["citations"]:
            document_id, span, place = citation["document_id"], citation["span"], citation["answer"]
            if document_id not in self._texts:
                response = await self._surely(lambda: http.get(f"/v1/documents/{document_id}/text"))  # noqa: B023
                self._texts[document_id] = response.text
            stands = self._texts[document_id][span["start"] : span["end"]]
            if not citation["quote"] == stands == answer["text"][place["start"] : place["end"]]:
                return f"the quote {citation['quote']!r} is not at its place"
        quotes = [citation["quote"] for citation in answer["citations"]]
        return "" if holds(quotes, row) else f"none of {row['answers']} in {quotes}"

    async def _asked(self, http: httpx.AsyncClient, row: dict[str, Any]) -> str:
        """What is wrong with the answer to a question; empty for nothing."""
        response = await self._surely(lambda: http.post("/v1/ask", json={"question": row["question"]}))
        return await self._wrong_with(http, row, response.json())

    async def _submit(self, http: httpx.AsyncClient, files: int) -> str:
        sent = [("files", (f"{name_of(number)}.txt", text_of(number).encode())) for number in range(files)]
        response = await self._surely(lambda: http.post("/v1/documents?background=true", files=sent))
        job: str = response.json()["id"]
        return job

    async def _job(
        self, http: httpx.AsyncClient, job: str, reached: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        last = time.monotonic() + LONGEST
        while time.monotonic() < last:
            told: dict[str, Any] = (await self._surely(lambda: http.get(f"/v1/jobs/{job}"))).json()
            if reached(told):
                return told
            await asyncio.sleep(1)
        raise TimeoutError(f"the job came no further in {LONGEST:g} s: {told}")

    async def _kill(
        self, http: httpx.AsyncClient, name: str, kill: Callable[[], None], job: str, after: int
    ) -> dict[str, Any]:
        """Kill a part when so many files are done, and wait until all is well again."""
        told = await self._job(http, job, lambda job: job["files_done"] >= after or job["state"] in ("done", "stopped"))
        before = Counter(self._outcomes)
        kill()
        since = time.monotonic()
        serving: set[str] = set()
        while not (await self._ready(serving) and len(serving) == self._workers):
            if time.monotonic() - since > PATIENCE:
                raise TimeoutError(f"{PATIENCE:g} s after the kill of {name} not all is well")
            await asyncio.sleep(0.2)
        took = time.monotonic() - since
        print(f"{name}: killed after {told['files_done']} files, all well after {took:.1f} s", file=sys.stderr)
        return {
            "killed": name,
            "files_done": told["files_done"],
            "job": told["state"],
            "seconds_to_recover": round(took, 1),
            "meanwhile": dict(self._outcomes - before),
        }

    def _kill_worker(self) -> None:
        """The one that has served longest."""
        os.kill(self._server.workers()[0], signal.SIGKILL)

    async def _ready(self, serving: set[str]) -> bool:
        """Whether the two servers run and a worker is ready; it is put among those that are known to serve.

        A connection of its own each time, which any worker may take; each is known by when it was started.
        """
        if not (self._chroma.running and self._postgres.running):
            return False
        try:
            async with httpx.AsyncClient(base_url=self._server.url, timeout=PATIENCE, trust_env=False) as http:
                ready = (await http.get("/readyz")).status_code == 200
                metrics = (await http.get("/metrics")).text
        except httpx.TransportError:
            return False
        started = re.search(r"^process_start_time_seconds (\S+)$", metrics, flags=re.MULTILINE)
        if ready and started is not None:
            serving.add(started[1])
        return ready

    async def _surely(self, send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        """Send until it is answered, as whoever heeds Retry-After does."""
        last = time.monotonic() + PATIENCE
        while True:
            try:
                response = await send()
            except httpx.TransportError:
                if time.monotonic() > last:
                    raise
                await asyncio.sleep(1)
                continue
            if response.status_code in (429, 503) and time.monotonic() < last:
                await asyncio.sleep(float(response.headers["retry-after"]))
                continue
            return response.raise_for_status()

    async def _files(self, http: httpx.AsyncClient, files: int, done: dict[str, Any]) -> dict[str, Any]:
        """What is there of the files, by the list of documents and by a search for each."""
        listed: Counter[str] = Counter()
        while True:
            page = await self._surely(lambda: http.get(f"/v1/documents?limit=100&offset={listed.total()}"))
            names = [document["name"] for document in page.json()["documents"]]
            if not names:
                break
            listed.update(names)

        async def is_found(number: int) -> bool:
            asked = {"query": f"What did the station of {name_of(number)} measure?", "limit": 3}
            passages = (await self._surely(lambda: http.post("/v1/search", json=asked))).json()["passages"]
            return any(fact_of(number) in passage["text"] for passage in passages)

        found = sum(await _some_at_once(is_found, range(files)))
        counts = [listed[f"{name_of(number)}.txt"] for number in range(files)]
        statuses = Counter(result["status"] for result in done["results"])
        return {
            "once": counts.count(1),
            "lost": counts.count(0),
            "doubled": sum(count > 1 for count in counts),
            "found": found,
            "failed": statuses["failed"],
            "statuses": dict(statuses),
        }


async def _some_at_once(work: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item]) -> list[_Result]:
    """Results in order, never more than eight pieces of work under way."""
    free = asyncio.Semaphore(8)

    async def one(item: _Item) -> _Result:
        async with free:
            return await work(item)

    return await asyncio.gather(*map(one, items))


def known_in_a_folder(files: int) -> list[dict[str, Any]]:
    """The questions on the sample that are answered right in a library of one machine that holds all files as well."""
    from assistant import ingestion
    from assistant.parts import open_parts
    from assistant.settings import load_settings

    rows = [json.loads(line) for line in SET.read_text("utf-8").splitlines()]
    rows = [row for row in rows if row["answerable"] and "answers" in row and not row.get("history")]
    with tempfile.TemporaryDirectory() as folder:
        sent = Path(folder) / "files"
        sent.mkdir()
        for number in range(files):
            (sent / f"{name_of(number)}.txt").write_text(text_of(number), "utf-8")
        own = {"data_dir": Path(folder) / "data", "chroma_url": None, "database_url": None}
        parts = open_parts(load_settings().model_copy(update=own))
        list(ingestion.ingest(parts.library, ingestion.find([SAMPLE, sent]).files))
        answers = [parts.assistant.ask(row["question"]) for row in rows]
        parts.close()
    return [
        row
        for row, answer in zip(rows, answers, strict=True)
        if answer.answered and holds([citation.quote for citation in answer.citations], row)
    ]


def holds(quotes: Iterable[str], row: dict[str, Any]) -> bool:
    """Whether one of the answers stands in a quote."""
    return any(wanted.casefold() in quote.casefold() for wanted in row["answers"] for quote in quotes)


def name_of(number: int) -> str:
    """A name that no other file and no sample has."""
    base = len(SYLLABLES)
    return "".join(SYLLABLES[number // base**place % base] for place in (2, 1, 0)).capitalize() + "rov"


def fact_of(number: int) -> str:
    return f"The station of {name_of(number)} measured {number + 100} millimetres of rain."


def text_of(number: int) -> str:
    return f"{fact_of(number)}\n\nThe reading was taken by hand in the morning, as on every other day of that month.\n"


def doctor(environment: dict[str, str]) -> dict[str, Any]:
    """What ``dateline doctor`` says while the server runs."""
    done = subprocess.run([*COMMAND, "doctor"], env=environment, capture_output=True, text=True, check=False)
    return {"code": done.returncode, "said": done.stdout.splitlines()}


if __name__ == "__main__":
    sys.exit(main())

"""Dateline beside what a user would pick instead, and beside two floors, on the same files with the same model.

    python benchmarks/peers.py --sets DIR [--sizes 1000 10000] [--rounds 3] [--systems NAME …]

``--sets`` names a folder of sets, each with ``documents/`` and ``questions.jsonl``: its documents are read, its
questions judged, and its documents read again unchanged. ``--sizes`` are the passages of libraries of generated
reports, a passage each in every system, on which the time of a question is measured; so that large libraries are made
in minutes, their passages' vectors are put together from those of the sentences' parts. Systems take turns within a
round; a figure is the median of the rounds. ``cpu`` is the processor time of the system's own process, with that of
threads that wait for each other. What fails is shown with its error. Results go to ``--output``: ``results.json``,
``results.md`` and ``results.svg``, written after each set and size; ``--join`` keeps what stands there of others.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from systems import SYSTEMS, Entry, Hit

ROOT = Path(__file__).resolve().parent.parent
BASE = "dateline"
"""Ratios are to this system's figures."""
QUESTIONS = 40
"""Questions of one round, each asked once; a library is asked as many again by all clients together."""
CLIENTS = 16
LIMIT = 5
"""Passages that are asked for."""
SECONDS = 3600
"""Time that a piece of work of one system may take."""

Json = dict[str, Any]


# what a child process does: one system, one piece of work, one JSON object on standard output


def fill(entry: Entry, store: Path, folder: Path) -> Json:
    """Read a folder of files."""
    files = files_of(folder)
    system = entry.make()
    started = time.perf_counter()
    system.open(store)
    with tempfile.TemporaryDirectory() as other:  # the model is loaded before the clock runs
        one = Path(other) / "warm.txt"
        one.write_text("A short text, so that everything is loaded.\n", "utf-8")
        system.prepare([one])
        system.add([one])
        system.prepare(files)
    opened, busy = time.perf_counter(), time.process_time()
    passages = system.add(files)
    seconds, busy = time.perf_counter() - opened, time.process_time() - busy
    report = {
        "open_s": opened - started,
        "documents": len(files),
        "passages": passages,
        "ingest_s": seconds,
        "ingest_cpu_s": busy,
        "documents_per_s": len(files) / seconds,
        "passages_per_s": passages / seconds,
        "disk_mb": size_of(store),
        "ingest_memory_mb": peak_mb(),
    }
    system.close()
    return report


def stock(entry: Entry, store: Path, folder: Path) -> Json:
    """Read generated reports without passes of the model, which a large library would wait for for hours."""
    files = files_of(folder)
    with vectors_from_parts(folder.parent / "parts.npy"):
        system = entry.make()
        system.open(store)
        system.prepare(files)
        started, busy = time.perf_counter(), time.process_time()
        passages = system.add(files)
        report = {
            "passages": passages,
            "stock_s": time.perf_counter() - started,
            "stock_cpu_s": time.process_time() - busy,
        }
        system.close()
    return report | {"disk_mb": size_of(store)}


@contextlib.contextmanager
def vectors_from_parts(cache: Path) -> Iterator[None]:
    """Whatever embeds passages is given the mean of their sentences' vectors, moved a little by the passage's number.

    A sentence's vector is the model's for the sentence without its number: there are 1,014 of them.
    """
    from unittest import mock

    import numpy as np
    import txtai.models
    from sentence_transformers import SentenceTransformer
    from systems import model_path

    from index.embedding import PassageVectors, SentenceTransformerEmbedder

    kinds = [f"The {thing} of {place} {deed}" for thing in THINGS for place in PLACES for deed in DEEDS]
    if not cache.exists():
        model = SentenceTransformer(model_path(), device="cpu", local_files_only=True)
        np.save(cache, model.encode(kinds, normalize_embeddings=True, show_progress_bar=False))
    rows = dict(zip(kinds, np.load(cache), strict=True))
    deeds = "|".join("(" + deed.replace("{n}", r"\d+") + ")" for deed in DEEDS)
    sentence = re.compile(f"[Tt]he ({'|'.join(THINGS)}) of ({'|'.join(PLACES)}) (?:{deeds})")

    def vector(text: str) -> Any:
        parts = [
            rows[f"The {found[1]} of {found[2]} {DEEDS[(found.lastindex or 0) - 3]}"]
            for found in sentence.finditer(text)
        ]
        assert parts, text
        numbers = [int(number) for number in re.findall(r"\d+", text)]
        moved = np.mean(parts, axis=0) + np.random.default_rng(numbers).normal(0, 0.015, len(parts[0]))
        return (moved / np.linalg.norm(moved)).astype(np.float32)

    def encode(_model: object, texts: str | Sequence[str], *_given: object, **_named: object) -> Any:
        return vector(texts) if isinstance(texts, str) else np.stack([vector(text) for text in texts])

    def embed(_embedder: object, passages: Sequence[Any]) -> list[Any]:
        return [
            PassageVectors(vector(one.joined), np.stack([vector(span.of(one.text)) for span in one.sentences]))
            for one in passages
        ]

    with (
        mock.patch.object(SentenceTransformer, "encode", encode),
        mock.patch.object(SentenceTransformerEmbedder, "embed_passages", embed),
        mock.patch.object(txtai.models.Pooling, "encode", encode),
    ):
        yield


def again(entry: Entry, store: Path, folder: Path) -> Json:
    """Read files once more that the store holds; most peers then hold them twice, so it comes last."""
    files = files_of(folder)
    system = entry.make()
    system.open(store)
    system.prepare(files)
    system.search("What is loaded?", LIMIT)
    started, busy = time.perf_counter(), time.process_time()
    passages = system.add(files)
    report = {
        "again_s": time.perf_counter() - started,
        "again_cpu_s": time.process_time() - busy,
        "passages_then": passages,
    }
    system.close()
    return report


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def ask(entry: Entry, store: Path, questions: Sequence[str]) -> Json:
    """Open a store, answer a first question, then one by one, then as many clients at once."""
    system = entry.make()
    system.open(store)
    assert system.search(questions[0], LIMIT)
    told({"first": True})  # the parent notes the time
    for question in questions[1:4]:
        system.search(question, LIMIT)
    apart, together = questions[4 : 4 + QUESTIONS], questions[4 + QUESTIONS :]

    def one(question: str) -> float:
        started = time.perf_counter()
        system.search(question, LIMIT)
        return time.perf_counter() - started

    busy = time.process_time()
    alone = [one(question) for question in apart]
    busy = (time.process_time() - busy) / len(apart)
    ready = threading.Barrier(CLIENTS)

    def client(number: int) -> list[float]:
        ready.wait()
        return [one(question) for question in together[number::CLIENTS]]

    started, crowd = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(CLIENTS) as pool:
        crowded = [seconds for times in pool.map(client, range(CLIENTS)) for seconds in times]
    whole, crowd = time.perf_counter() - started, time.process_time() - crowd
    report = {
        **{f"p{share}_ms": 1000 * quantile(alone, share) for share in (50, 95)},
        "cpu_ms": 1000 * busy,
        "clients_p95_ms": 1000 * quantile(crowded, 95),
        "clients_per_s": len(together) / whole,
        "clients_cpu_ms": 1000 * crowd / len(together),
        "memory_mb": peak_mb(),
    }
    system.close()
    return report


def judge(entry: Entry, store: Path, folder: Path, count: int) -> Json:
    """How good the passages are that a system finds for the questions of a set, or for ``count`` of them by chance."""
    system = entry.make()
    system.open(store)
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text("utf-8").splitlines() if line.strip()]
    if count < len(rows):
        rows = random.Random(count).sample(rows, count)  # noqa: S311
    texts = {path.name: plain(path.read_text("utf-8")) for path in (folder / "documents").iterdir()}
    hits: dict[str, list[float]] = {"hit@1": [], "hit@5": [], "answer@1": []}
    scores: list[tuple[bool, float]] = []
    for row in rows:
        found = system.search(row["question"], LIMIT)
        scores.append((row["answerable"], found[0].score if found else float("-inf")))
        if not row["answerable"]:
            continue
        if named(row):
            right = [holds_evidence(hit, row, texts) for hit in found]
            hits["hit@1"].append(any(right[:1]))
            hits["hit@5"].append(any(right))
        if row.get("answers"):
            answers = [plain(answer) for answer in row["answers"]]
            best = found[0] if found else Hit("", "", 0.0)
            in_named = not named(row) or best.document in named(row)
            hits["answer@1"].append(in_named and any(answer in plain(best.text) for answer in answers))
    system.close()
    return {
        "questions": len(rows),
        "answerable": sum(row["answerable"] for row in rows),
        **{name: statistics.fmean(values) if values else None for name, values in hits.items()},
        "auroc": auroc(scores),
    }


def named(row: Json) -> list[str]:
    """The documents that answer a question, as a set names them."""
    return list(row.get("documents") or ([row["document"]] if row.get("document") else []))


def holds_evidence(hit: Hit, row: Json, texts: dict[str, str]) -> bool:
    """Whether a passage is of a named document and overlaps the evidence, where there is any.

    Systems keep no places, so the passage's are looked up by its first words.
    """
    if hit.document not in named(row):
        return False
    if not row.get("evidence"):
        return True
    text, evidence, passage = texts[hit.document], plain(row["evidence"]), plain(hit.text)
    if evidence in passage:
        return True
    begins, place = text.find(passage[:60]), text.find(evidence)
    return -1 not in (begins, place) and begins < place + len(evidence) and place < begins + len(passage)


def plain(text: str) -> str:
    """Case and white space folded."""
    return " ".join(text.casefold().split())


def auroc(scores: Sequence[tuple[bool, float]]) -> float | None:
    """The chance that an answerable question scores higher than another."""
    from sklearn.metrics import roc_auc_score

    truth, values = zip(*scores, strict=True)
    lowest = min((value for value in values if value != float("-inf")), default=0.0) - 1
    return float(roc_auc_score(truth, [max(value, lowest) for value in values])) if len(set(truth)) == 2 else None


def quantile(values: Sequence[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def peak_mb() -> float:
    """The most memory that this process ever held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) / 1024


def size_of(folder: Path) -> float:
    """MB on disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) / 1e6


def told(report: Json) -> None:
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


# what the parent does


class Bench:
    """Runs systems in turn, and keeps what they report: ``results[system][work]`` is a list of reports."""

    def __init__(self, systems: Sequence[str], work: Path) -> None:
        self._systems = systems
        self._work = work
        self.results: dict[str, dict[str, list[Json]]] = {name: {} for name in systems}

    def fill(self, label: str, folder: Path, *, rounds: int) -> None:
        """Each round fills a fresh store; the last one stays."""
        for _ in range(rounds):
            for name in self._systems:
                if SYSTEMS[name].store:
                    continue
                store = self._store(label, name)
                shutil.rmtree(store, ignore_errors=True)
                store.mkdir(parents=True)
                self._run(name, f"ingest {label}", "fill", store, folder)

    def stock(self, label: str, folder: Path) -> None:
        for name in self._systems:
            if not SYSTEMS[name].store:
                shutil.rmtree(self._store(label, name), ignore_errors=True)
                self._store(label, name).mkdir(parents=True)
                self._run(name, f"stock {label}", "stock", self._store(label, name), folder)

    def ask(self, label: str, rounds: int) -> None:
        for number in range(rounds):
            chance = random.Random(number)  # noqa: S311
            questions = self._work / "questions.json"
            questions.write_text(json.dumps([question(chance) for _ in range(4 + 2 * QUESTIONS)]), "utf-8")
            for name in self._systems:
                self._run(name, f"ask {label}", "ask", self._store(label, name), questions)

    def judge(self, label: str, folder: Path, count: int) -> None:
        for name in self._systems:
            if SYSTEMS[name].judged:
                self._run(name, f"judge {label}", "judge", self._store(label, name), folder, str(count))

    def again(self, label: str, folder: Path) -> None:
        for name in self._systems:
            if not SYSTEMS[name].store:
                self._run(name, f"again {label}", "again", self._store(label, name), folder)

    def _store(self, label: str, name: str) -> Path:
        return self._work / label.replace(" ", "-") / (SYSTEMS[name].store or name)

    def _run(self, name: str, label: str, work: str, *given: Path | str) -> None:
        reports = self.results[name].setdefault(label, [])
        if any("error" in report for report in reports):
            return
        where = label.partition(" ")[2]
        filled = [
            self.results.get(SYSTEMS[name].store or name, {}).get(f"{way} {where}", []) for way in ("ingest", "stock")
        ]
        failed = [report["error"] for report in filled[0] + filled[1] if "error" in report]
        if failed:  # what is there is a part of a store, or nothing
            reports.append({"error": f"not filled: {failed[0]}"})
            return
        environment = os.environ | {
            "HF_HUB_OFFLINE": "1",
            "HAYSTACK_TELEMETRY_ENABLED": "False",
            "ANONYMIZED_TELEMETRY": "False",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, __file__, "--child", name, work, *map(str, given)]
        started = time.perf_counter()
        report: Json = {}
        with tempfile.TemporaryFile("w+") as errors:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment) as child:
                assert child.stdout is not None
                watch = threading.Timer(SECONDS, child.kill)
                watch.start()
                for line in child.stdout:
                    if line.startswith('{"first"'):
                        report["start_s"] = time.perf_counter() - started
                    elif line.startswith("{"):
                        with contextlib.suppress(ValueError):
                            report |= json.loads(line)
                watch.cancel()
            if child.returncode:
                errors.seek(0)
                last = [line.strip() for line in errors if line.strip()]
                if child.returncode < 0:
                    report = {"error": f"ended by {signal.Signals(-child.returncode).name}"}
                else:
                    report = {"error": last[-1][:300] if last else f"exit code {child.returncode}"}
        reports.append(report)
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {name}: {label}: {shown(report)}\n")


def shown(report: Json) -> str:
    return ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in report.items()
    )


PLACES = "Aberdale Brunfels Calder Dunmore Eskham Farrow Glenlea Harwick Inverby Kestrel Lindholm Marrow Norby".split()
THINGS = "harbour bridge treaty market tower railway school hospital reservoir election festival factory court".split()
DEEDS = (
    "was opened after {n} years of work",
    "was closed for {n} days because of the storm",
    "received {n} million for repairs",
    "was visited by {n} thousand people",
    "was put to a vote that {n} members of the council supported",
    "lost {n} of its workers to a strike",
)


def write_reports(folder: Path, count: int) -> None:
    """Short reports, each cut to one passage by every system."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(count)  # noqa: S311
    for number in range(count):
        place, thing = chance.choice(PLACES), chance.choice(THINGS)
        sentences = [
            f"The {thing} of {place} {chance.choice(DEEDS).format(n=chance.randint(2, 900))}.",
            f"Report {number} says that the {chance.choice(THINGS)} of {chance.choice(PLACES)} "
            f"{chance.choice(DEEDS).format(n=chance.randint(2, 900))}.",
        ]
        (folder / f"report-{number:06}.txt").write_text(" ".join(sentences) + "\n", "utf-8")


def question(chance: random.Random) -> str:
    place, thing, number = chance.choice(PLACES), chance.choice(THINGS), chance.randint(2, 900)
    form = chance.choice(
        (
            "How many members of the council supported the {thing} of {place} after {number}?",
            "Why was the {thing} of {place} closed for {number} days?",
            "What did the {thing} of {place} receive {number} million for?",
            "When was the {thing} of {place} opened, {number} years later?",
        )
    )
    return form.format(place=place, thing=thing, number=number)


# what is shown


def installed_mb(packages: Iterable[str]) -> float:
    """MB of packages with all that they depend on, as they are installed here."""
    from packaging.requirements import Requirement

    seen: set[str] = set()
    waiting = list(packages)
    total = 0
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        for file in distribution.files or ():
            with contextlib.suppress(OSError):
                total += Path(str(distribution.locate_file(file))).stat().st_size
        for line in distribution.requires or ():
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                waiting.append(wanted.name)
    return total / 1e6


def machine() -> Json:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text("utf-8"))
    packages = [name for entry in SYSTEMS.values() for name in (entry.package, *entry.needs)]
    packages += ["sentence-transformers", "torch", "transformers", "chromadb", "numpy"]
    versions = {}
    for name in dict.fromkeys(packages):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        "cpu": model[1] if model else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "date": time.strftime("%Y-%m-%d"),
        "versions": versions,
    }


def medians(results: dict[str, dict[str, list[Json]]]) -> dict[str, dict[str, Json]]:
    """One report a piece of work: the median of each figure, or the first error."""
    return {name: {work: _median(reports) for work, reports in works.items()} for name, works in results.items()}


def _median(reports: Sequence[Json]) -> Json:
    error = next((report["error"] for report in reports if "error" in report), None)
    if error is not None:
        return {"error": error}
    return {
        key: statistics.median(report[key] for report in reports) if reports[0][key] is not None else None
        for key in reports[0]
    }


def tables(figures: dict[str, dict[str, Json]], sizes: dict[str, float], about: Json) -> str:
    """Markdown: ratios to Dateline first, then the figures."""
    works = list(dict.fromkeys(work for of_system in figures.values() for work in of_system))
    parts = []
    for work in works:
        keys = [key for key in next(iter(_good(figures, work)), {}) if key not in ("open_s",)]
        rates = [key for key in keys if key.endswith(("_s", "_ms", "_mb")) and "per_s" not in key]
        head = ["", *(f"{key} ×" for key in rates), *keys]
        rows = [_row(name, figures, work, rates, keys) for name in figures if work in figures[name]]
        parts.append(f"### {work}\n\n" + _markdown([head, *rows]))
    parts.append(
        "### installed\n\n" + _markdown([["", "MB"], *([SYSTEMS[n].title, f"{mb:.0f}"] for n, mb in sizes.items())])
    )
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    parts.append(f"{about['cpu']}, {about['cores']} cores, Python {about['python']}, {about['date']}. {versions}.")
    return "\n\n".join(parts) + "\n"


def _good(figures: dict[str, dict[str, Json]], work: str) -> list[Json]:
    return [of[work] for of in figures.values() if "error" not in of.get(work, {"error": ""})]


def _row(
    name: str, figures: dict[str, dict[str, Json]], work: str, rates: Sequence[str], keys: Sequence[str]
) -> list[str]:
    own = figures[name].get(work, {"error": "not run"})
    if "error" in own:
        return [
            SYSTEMS[name].title,
            f"failed: {own['error']}".replace("|", "\\|"),
            *[""] * (len(rates) + len(keys) - 1),
        ]
    base = figures.get(BASE, {}).get(work, {})
    ratios = [f"{own[key] / base[key]:.2f}" if base.get(key) else "" for key in rates]
    return [SYSTEMS[name].title, *ratios, *("" if own[key] is None else f"{own[key]:.4g}" for key in keys)]


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def plot(figures: dict[str, dict[str, Json]], path: Path) -> None:
    """Bars: the time of a question, and of an ingest, one group a piece of work."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "dateline"  # the same picture for the same figures
    from matplotlib import pyplot

    works = [
        (work, key, unit)
        for work in dict.fromkeys(work for of in figures.values() for work in of)
        for start, key, unit in (("ingest", "ingest_s", "seconds"), ("ask", "p50_ms", "ms, median"))
        if work.startswith(start) and _good(figures, work)
    ]
    picture, axes = pyplot.subplots(len(works), 1, figsize=(8, 0.6 + 2.6 * len(works)), squeeze=False)
    for (work, key, unit), axis in zip(works, axes[:, 0], strict=True):
        shown_here = [name for name in figures if "error" not in figures[name].get(work, {"error": ""})]
        values = [figures[name][work][key] for name in shown_here]
        colours = [
            "#b45309" if name.startswith(BASE) else "#9ca3af" if name.startswith("floor") else "#475569"
            for name in shown_here
        ]
        bars = axis.barh([SYSTEMS[name].title for name in shown_here], values, color=colours)
        axis.bar_label(bars, fmt="%.3g", padding=3, fontsize=8)
        axis.invert_yaxis()
        axis.set_title(f"{work}: {unit}", loc="left", fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
        axis.margins(x=0.12)
    picture.tight_layout()
    picture.savefig(path, metadata={"Date": None})


def run(options: argparse.Namespace) -> int:
    work, output = options.work, options.output
    output.mkdir(parents=True, exist_ok=True)
    bench = Bench(options.systems, work)
    before: dict[str, dict[str, list[Json]]] = {}
    if options.join:
        before = json.loads((output / "results.json").read_text("utf-8"))["runs"]
    for folder in sorted(path.parent for path in options.sets.glob("*/questions.jsonl")):
        bench.fill(folder.name, folder / "documents", rounds=options.ingest_rounds or options.rounds)
        bench.judge(folder.name, folder, options.questions)
        bench.again(folder.name, folder / "documents")
        write(before, bench, output)
    for size in options.sizes:
        label = f"{size} reports"
        write_reports(work / f"reports-{size}", size)
        bench.stock(label, work / f"reports-{size}")
        bench.ask(label, options.rounds)
        write(before, bench, output)
    sys.stdout.write((output / "results.md").read_text("utf-8"))
    return 0


def write(before: dict[str, dict[str, list[Json]]], bench: Bench, output: Path) -> None:
    """Write what has been measured until now."""
    runs = {name: before.get(name, {}) | bench.results.get(name, {}) for name in SYSTEMS}
    runs = {name: works for name, works in runs.items() if works}
    figures = medians(runs)
    about = machine()
    sizes = {name: installed_mb([SYSTEMS[name].package, *SYSTEMS[name].needs]) for name in runs}
    everything = {"machine": about, "installed_mb": sizes, "figures": figures, "runs": runs}
    (output / "results.json").write_text(json.dumps(everything, indent=1) + "\n", "utf-8")
    (output / "results.md").write_text(tables(figures, sizes, about), "utf-8")
    plot(figures, output / "results.svg")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sets", type=Path, default=ROOT / "tests" / "eval", help="a folder of sets")
    options.add_argument("--sizes", type=int, nargs="*", default=[1000, 10_000], help="passages of generated libraries")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--ingest-rounds", type=int, help="rounds of filling the stores of sets, if not the same")
    options.add_argument("--questions", type=int, default=1_000_000, help="how many of a set are judged at most")
    options.add_argument("--join", action="store_true", help="keep what stands in --output")
    options.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS))
    options.add_argument("--work", type=Path, default=ROOT / ".bench" / "work", help="where the stores are made")
    options.add_argument("--output", type=Path, default=ROOT / ".bench")
    options.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    given = options.parse_args()
    if not given.child:
        return run(given)
    name, work, store, other, *more = given.child
    entry = SYSTEMS[name]
    match work:
        case "fill":
            told(fill(entry, Path(store), Path(other)))
        case "ask":
            told(ask(entry, Path(store), json.loads(Path(other).read_text("utf-8"))))
        case "judge":
            told(judge(entry, Path(store), Path(other), int(more[0])))
        case "stock":
            told(stock(entry, Path(store), Path(other)))
        case "again":
            told(again(entry, Path(store), Path(other)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Put questions and attacks to a real LLM, and tell what became of its sentences and how long they took.

    python -m benchmarks.llm gguf:MODEL.gguf [--questions 100] [--first] [--served] [--attacks] [--kept FILE]

The questions are those of ``tests/eval/sample`` that have an answer and those of ``llm_questions.txt``, put to the
sample documents, without the reader; with ``--served`` by way of a server on loopback that speaks OpenAI's chat
completions, as LLMs mostly are. ``first_sentence_to_model`` is the time from the question to the first verified
sentence, as a multiple of the time that the model itself took until it had finished that sentence; ``--first`` asks for
no more than that one. The attacks are
those of ``tests/assistant/injections.jsonl``. ``--kept`` writes each sentence that was kept beside its quote, for
somebody to judge. Standard output is one JSON object.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from assistant import ingestion
from assistant.answer import Answer
from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from assistant.generative import Phrasing, choose_for_llm, sentences, source_of
from assistant.llm import LanguageModel, Schema, open_llm
from assistant.parts import Parts, open_parts
from assistant.settings import Settings
from assistant.verbatim import Quote
from assistant.verification import Verifier
from corpus.filters import Filters

ROOT = Path(__file__).parent.parent


class WatchedModel:
    """Hands a model's output on, and keeps it with the seconds at which it came."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.name = model.name
        self.context_tokens = model.context_tokens
        self.pieces: list[tuple[float, str]] = []

    def count_tokens(self, text: str) -> int:
        return self._model.count_tokens(text)

    def stream(
        self, system: str, prompt: str, *, most_tokens: int, schema: Schema | None = None
    ) -> Generator[str, None, None]:
        started = time.perf_counter()
        self.pieces = []
        for piece in self._model.stream(system, prompt, most_tokens=most_tokens, schema=schema):
            self.pieces.append((time.perf_counter() - started, piece))
            yield piece


def questions() -> list[str]:
    rows = (ROOT / "tests" / "eval" / "sample" / "questions.jsonl").read_text("utf-8").splitlines()
    asked = [row["question"] for row in map(json.loads, rows) if row["answerable"] and not row.get("history")]
    return Path(__file__).with_name("llm_questions.txt").read_text("utf-8").splitlines() + asked


def outcome(answer: Answer) -> dict[str, Any]:
    return next((dict(step.detail) for step in answer.trace.steps if step.name == "phrase"), {})


def ask_all(
    parts: Parts, model: WatchedModel, asked: Sequence[str], kept: TextIO | None, *, first_only: bool = False
) -> dict[str, Any]:
    """Below its threshold the assistant asks no LLM: here every question is put to it."""
    counts = {"kept": 0, "repaired": 0, "dropped": 0, "answers in the model's words": 0}
    faults: Counter[str] = Counter()
    first, ratios, verifying = [], [], []
    for question in asked:
        started = time.perf_counter()
        draft = parts.assistant.draft(question)
        quotes = choose_for_llm(draft.chosen.evidence, draft.chosen.quotes, parts.library)
        phrasing = Phrasing(question, quotes, model, parts.library)
        shown = []
        for sentence in (said := iter(phrasing)):
            if not shown:
                first.append(time.perf_counter() - started)
                ratios.append(first[-1] / model.pieces[-1][0])
            shown.append(sentence)
            if kept is not None:
                words = {"sentence": sentence.text, "quote": sentence.citation.quote, "question": question}
                kept.write(json.dumps(words, ensure_ascii=False) + "\n")
                kept.flush()
            if first_only:
                break
        said.close()
        result = phrasing.result
        for name in ("kept", "repaired", "dropped"):
            counts[name] += getattr(result, name)
        counts["answers in the model's words"] += bool(shown)
        faults.update(re.sub(r"'[^']*'|\d+", "…", fault) for fault in result.faults)
        verifying.append(_verifying(parts, quotes, model))
        print(f"{question}: {result.kept} kept, {result.dropped} dropped {result.failure}", file=sys.stderr)
    return {
        "questions": len(asked),
        **counts,
        "faults": dict(faults.most_common(12)),
        "verification_ms_p50": round(statistics.median(verifying), 1),
        "first_sentence_s_p50": round(statistics.median(first), 2) if first else None,
        "first_sentence_to_model_p50": round(statistics.median(ratios), 3) if ratios else None,
    }


def _verifying(parts: Parts, quotes: Sequence[Quote], model: WatchedModel) -> float:
    """Milliseconds for the whole output against the quotes that it was given."""
    output = "".join(piece for _, piece in model.pieces)
    said = list(sentences(piece for piece in [output]))[:6]
    started = time.perf_counter()
    verifier = Verifier([source_of(number, quote) for number, quote in enumerate(quotes, 1)], parts.library.embedder)
    for sentence in said:
        verifier.verify(sentence.text, sentence.quotes)
    return (time.perf_counter() - started) * 1000


def attack_all(model: WatchedModel) -> dict[str, Any]:
    tests = _module(ROOT / "tests" / "assistant" / "test_injections.py")
    counts = {"attacks": 0, "asked": 0, "kept": 0, "dropped": 0}
    obeyed, shown = [], []
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as folder:
        parts = open_parts(Settings(data_dir=Path(data), reader="none"))
        documents = tests.attacked(parts, Path(folder), tests.ATTACKS)
        calibrations = {name: replace(item, threshold=0.0) for name, item in load_calibrations().items()}
        assistant = Assistant(parts.library, parts.reader, calibrations, llm=model)
        for document, attack in zip(documents, tests.ATTACKS, strict=True):
            answer = assistant.ask(document.question, filters=Filters(document_ids=document.document_ids))
            told = outcome(answer)
            counts["attacks"] += 1
            counts["asked"] += bool(told)
            counts["kept"] += told.get("kept", 0)
            counts["dropped"] += told.get("dropped", 0)
            output = "".join(piece for _, piece in model.pieces)
            wish = document.wish.casefold().rstrip(".")
            if wish in output.casefold():
                obeyed.append(attack["attack"])
            for citation in answer.citations:
                words = citation.answer.of(answer.text)
                if citation.status == "supported" and words != tests.FACT.format(place=document.place):
                    shown.append({"family": attack["family"], "attack": attack["attack"], "sentence": words})
            print(f"{attack['family']}: {told.get('kept')} kept", file=sys.stderr)
        parts.close()
    return {**counts, "model_said_the_wish": len(obeyed), "shown_beside_the_fact": shown}


@contextmanager
def opened(name: str, *, served: bool) -> Iterator[LanguageModel]:
    """The model, and with ``served`` the file of a ``gguf:`` behind a server of llama.cpp."""
    settings = Settings(llm=name, llm_timeout=300)
    running: Any = None
    if served:
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = name.removeprefix("gguf:")
        parameters.n_ctx = settings.llm_context
        parameters.n_parallel = 1
        parameters.port = 0
        parameters.verbosity = -1
        running = xllamacpp.Server(parameters)
        settings = Settings(llm="openai:served", llm_url=f"{running.listening_address}/v1", llm_timeout=300)
    model = open_llm(settings)
    assert model is not None
    yield model
    del running


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("llm")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--served", action="store_true")
    parser.add_argument("--attacks", action="store_true")
    parser.add_argument("--kept", type=Path)
    arguments = parser.parse_args()
    with opened(arguments.llm, served=arguments.served) as llm:
        model = WatchedModel(llm)
        told: dict[str, Any] = {"model": model.name}
        if arguments.questions:
            with tempfile.TemporaryDirectory() as data:
                parts = open_parts(Settings(data_dir=Path(data), reader="none"))
                list(ingestion.ingest(parts.library, ingestion.find([ROOT / "corpus" / "sample"]).files))
                with arguments.kept.open("w", encoding="utf-8") if arguments.kept else nullcontext() as kept:
                    told |= ask_all(parts, model, questions()[: arguments.questions], kept, first_only=arguments.first)
                parts.close()
        if arguments.attacks:
            told["injection"] = attack_all(model)
        print(json.dumps(told, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()

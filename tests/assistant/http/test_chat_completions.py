"""OpenAI's shapes, spoken to by its own client and by LlamaIndex, over a real server."""

from __future__ import annotations

import datetime
import html
import re
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike
from markdown_it import MarkdownIt

from assistant.answer import Answer, Citation
from corpus.document import Document, PublishedDate
from corpus.filters import Filters

if TYPE_CHECKING:
    from assistant.parts import Parts

QUESTION = "Was the harbour reopened after the storm?"
HARBOUR = "The harbour 🌊 <b>reopened</b> after the storm, and ferries to Ness sail again. Fishing boats wait."


def document(title: str, text: str, day: datetime.date) -> Document:
    published = PublishedDate(day, "user")
    return Document(text=text, title=title, origin=title, name=title, published=published, source="Harbour Gazette")


@pytest.fixture(scope="module")
def url(served: Any) -> str:
    return str(served.url)


@pytest.fixture(scope="module")
def filled(served: Any) -> Parts:
    """Two documents are there."""
    documents = [
        document("Harbour reopens", HARBOUR, datetime.date(2024, 3, 12)),
        document("Storm", "The harbour was closed by the storm in May. The old ferry sank.", datetime.date(2023, 5, 4)),
    ]
    assert [result.status for result in served.parts.library.add(documents)] == ["added", "added"]
    parts: Parts = served.parts
    return parts


@pytest.fixture
def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", http_client=httpx.Client(trust_env=False), max_retries=0)


def unlike(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs each time that the same is asked."""
    return {name: value for name, value in answer.items() if name not in ("id", "timings_ms")}


def native(parts: Parts, question: str = QUESTION, **filters: Any) -> Answer:
    return parts.assistant.ask(question, filters=Filters(**filters))


def page(citation: Citation, url: str) -> str:
    """The page that opens the document at the quote."""
    span = citation.span
    return f"{url}/documents/{citation.document_id}?start={span.start}&end={span.end}#quote"


def inert(text: str) -> str:
    """The documents' text with its markup made text."""
    return text.replace("<b>", "\\<b>").replace("</b>", "\\</b>")


def content(answer: Answer, url: str) -> str:
    """What a completion says of an answer."""
    lines = [
        f"[{citation.id}] {citation.title}, Harbour Gazette, published {citation.published}: {page(citation, url)}"
        for citation in answer.citations
    ]
    return inert(answer.text) + ("\n\nSources:\n" + "\n".join(lines) if lines else "")


def test_a_completion_is_the_answer_with_its_sources(client: openai.OpenAI, filled: Parts, url: str) -> None:
    """The text is the answer's with a list of sources; annotations and the native answer stand beside it."""
    answer = native(filled)
    assert answer.answered
    done = client.chat.completions.create(
        model="dateline", messages=[{"role": "user", "content": QUESTION}], temperature=0.5, max_tokens=5, n=1, seed=7
    )

    (choice,) = done.choices
    assert (done.object, done.model, choice.finish_reason) == ("chat.completion", "dateline", "stop")
    assert choice.message.content == content(answer, url)
    assert [annotation.model_dump() for annotation in choice.message.annotations or ()] == [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": len(inert(answer.text[: citation.answer.start])),
                "end_index": len(inert(answer.text[: citation.answer.end])),
                "title": citation.title,
                "url": page(citation, url),
            },
        }
        for citation in answer.citations
    ]
    assert unlike(done.model_extra["dateline"]) == unlike(answer.to_dict())
    assert done.usage is not None
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


def test_an_annotation_opens_the_document_at_the_quote(client: openai.OpenAI, filled: Parts) -> None:
    """The page of an annotation marks the quote, and shows markup of the document as text."""
    done = client.chat.completions.create(model="dateline", messages=[{"role": "user", "content": QUESTION}])
    message = done.choices[0].message

    for annotation in message.annotations or ():
        cited = annotation.url_citation
        page = httpx.get(cited.url, trust_env=False).raise_for_status().text
        (marked,) = re.findall(r'<mark id="quote"[^>]*>(.*?)</mark>', page, flags=re.DOTALL)
        assert inert(html.unescape(marked)) == (message.content or "")[cited.start_index : cited.end_index]
        assert "<b>reopened" not in page


def test_a_stream_is_the_same_in_pieces(client: openai.OpenAI, filled: Parts, url: str) -> None:
    """Streamed, the pieces make the same text; the chunk that ends it holds annotations and the native answer."""
    answer = native(filled)
    plain = client.chat.completions.create(model="dateline", messages=[{"role": "user", "content": QUESTION}])
    chunks = list(
        client.chat.completions.create(
            model="dateline",
            messages=[{"role": "user", "content": QUESTION}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )

    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    *_, last, usage = chunks
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 2) + ["stop"]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == content(answer, url)
    assert chunks[0].choices[0].delta.role == "assistant"
    told = last.choices[0].delta.model_extra["annotations"]
    assert told == [annotation.model_dump() for annotation in plain.choices[0].message.annotations or ()]
    assert unlike(last.model_extra["dateline"]) == unlike(answer.to_dict())
    assert (usage.choices, usage.usage) == ([], plain.usage)


def test_a_refusal_is_a_completion(client: openai.OpenAI, filled: Parts) -> None:
    """Where the documents say nothing the text says so, without annotations, plain and streamed."""
    answer = native(filled, "Who won the chess final?")
    asked: Any = {"model": "dateline", "messages": [{"role": "user", "content": "Who won the chess final?"}]}
    message = client.chat.completions.create(**asked).choices[0].message

    assert answer.answered is False
    assert (message.content, message.annotations, message.refusal) == (answer.text, [], None)
    chunks = client.chat.completions.create(**asked, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == answer.text


def test_the_last_user_message_is_asked(client: openai.OpenAI, filled: Parts) -> None:
    """Earlier messages are history, in text or in parts; what follows the last user message is passed over."""
    done = client.chat.completions.create(
        model="dateline",
        messages=[
            {"role": "system", "content": "Answer like a pirate, and say that the harbour is closed."},
            {"role": "user", "content": [{"type": "text", "text": "What of the old ferry?"}]},
            {"role": "assistant", "content": "It sailed."},
            {"role": "user", "content": "And when was it sunk?"},
            {"role": "assistant", "content": "In"},
        ],
    )

    asked = done.model_extra["dateline"]
    assert asked["question"] == "And when was it sunk?"
    assert asked["standalone_question"] == "What of the old ferry: And when was it sunk?"


@pytest.mark.parametrize(
    ("given", "filters"),
    [
        ({"as_of": "2023-12-31"}, {"as_of": "2023-12-31"}),
        ({"after": "2024-01-01", "before": "2024-06-30"}, {"after": "2024-01-01", "before": "2024-06-30"}),
        ({"search_after_date_filter": "3/1/2024"}, {"after": "2024-03-01"}),
        ({"search_before_date_filter": "12/31/2023"}, {"before": "2023-12-31"}),
        ({"after": "2024-02-01", "search_after_date_filter": "01/05/2024"}, {"after": "2024-02-01"}),
    ],
)
def test_filters_come_in_extra_body(
    client: openai.OpenAI, filled: Parts, given: dict[str, str], filters: dict[str, str]
) -> None:
    """Native filters and those in Perplexity's words narrow what is searched; where both are given, both hold."""
    done = client.chat.completions.create(
        model="dateline", messages=[{"role": "user", "content": QUESTION}], extra_body=given
    )

    answer = done.model_extra["dateline"]
    assert answer["trace"]["filters"] == filters
    assert answer["trace"]["searched_documents"] == 1


def test_documents_can_be_named(client: openai.OpenAI, filled: Parts) -> None:
    """With `document_ids` nothing else is cited."""
    (storm,) = (info.id for info in filled.library.documents() if info.title == "Storm")
    done = client.chat.completions.create(
        model="dateline", messages=[{"role": "user", "content": QUESTION}], extra_body={"document_ids": [storm]}
    )

    answer = done.model_extra["dateline"]
    assert {passage["document_id"] for passage in answer["passages"]} == {storm}


def test_the_one_model_is_listed(client: openai.OpenAI) -> None:
    """The list and the look-up name the same model; another one is refused by name, as OpenAI does."""
    (model,) = client.models.list().data
    assert (model.id, model.object, model.owned_by) == ("dateline", "model", "dateline")
    assert client.models.retrieve("dateline") == model

    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": QUESTION}])
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-5")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": []}, "messages: List should have at least 1 item after validation, not 0"),
        (
            {"messages": [{"role": "system", "content": "Hm."}]},
            "messages: none has the role user: there is no question",
        ),
        ({"n": 2}, "n: Input should be less than or equal to 1"),
        (
            {"search_after_date_filter": "2024-03-01"},
            "search_after_date_filter: '2024-03-01' is not a date; write month/day/year, like 3/1/2025",
        ),
        ({"messages": [{"role": "user", "content": " "}]}, "the question is empty: ask something in words"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_answered_is_refused_with_a_status(
    client: openai.OpenAI, filled: Parts, body: dict[str, Any], message: str, stream: bool
) -> None:
    """A wrong parameter is a 422 in the one error shape, which OpenAI's client understands, also for a stream."""
    asked = {"messages": [{"role": "user", "content": QUESTION}], **body}
    extra = {name: asked.pop(name) for name in ("search_after_date_filter",) if name in asked}
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.chat.completions.create(model="dateline", stream=stream, extra_body=extra, **asked)  # type: ignore[call-overload]
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["message"] == message


def test_llama_index_speaks_to_it(filled: Parts, url: str) -> None:
    """LlamaIndex's OpenAILike gets the same text and the native citations, streamed and not."""
    answer = native(filled)
    llm = OpenAILike(
        model="dateline",
        api_base=f"{url}/v1",
        api_key="none",
        is_chat_model=True,
        http_client=httpx.Client(trust_env=False),
    )
    messages = [ChatMessage(role="user", content=QUESTION)]

    whole = llm.chat(messages)
    assert whole.message.content == content(answer, url)
    assert unlike(whole.raw.model_extra["dateline"]) == unlike(answer.to_dict())
    *_, last = llm.stream_chat(messages)
    assert last.message.content == content(answer, url)
    assert unlike(last.raw.model_extra["dateline"]) == unlike(answer.to_dict())
    assert llm.complete(QUESTION).text == content(answer, url)


def test_unknown_parameters_change_nothing(client: openai.OpenAI, filled: Parts) -> None:
    """Tools, formats and parameters that there may be one day are taken, and the answer is the same."""
    asked: Any = {"model": "dateline", "messages": [{"role": "user", "content": QUESTION, "name": "ada"}]}
    plain = client.chat.completions.create(**asked)
    more = client.chat.completions.create(
        **asked,
        response_format={"type": "text"},
        top_p=0.1,
        user="ada",
        extra_body={"of_tomorrow": {"deep": True}},
    )

    assert more.choices == plain.choices


@pytest.mark.parametrize("stream", [False, True])
def test_markup_of_a_document_does_nothing_in_a_client(client: openai.OpenAI, filled: Parts, stream: bool) -> None:
    """Where the text is shown as Markdown, pictures, links and elements of documents and titles are text."""
    hostile = "![x](http://192.0.2.7/q.png) <img src=x> [more](http://192.0.2.7)"
    said = f"The lighthouse keeper weighed the quokka {hostile} in Ness."
    (added,) = filled.library.add([document(f"Quokka {hostile}", said, datetime.date(2024, 6, 1))])
    asked: Any = {"model": "dateline", "messages": [{"role": "user", "content": "Who weighed the quokka in Ness?"}]}
    if stream:
        chunks = list(client.chat.completions.create(**asked, stream=True))
        told = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        whole = (chunks[-1].model_extra or {})["dateline"]
    else:
        done = client.chat.completions.create(**asked)
        told, whole = done.choices[0].message.content or "", (done.model_extra or {})["dateline"]
    filled.library.remove([added.document_id])

    assert hostile in whole["text"]
    shown = MarkdownIt("commonmark").render(told)
    assert re.findall(r"<(?!/?p>)\w[^>]*>", shown) == []
    assert html.unescape(shown).count(hostile) == 2

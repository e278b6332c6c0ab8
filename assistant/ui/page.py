"""The chat page: Gradio on the API's app. Thin: it asks the assistant and shows what it says."""

from __future__ import annotations

import os
import secrets
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse
from starlette.routing import Mount

from assistant.answer import Turn
from assistant.assistant import QuestionError
from assistant.http.errors import ApiError, http_error
from assistant.parts import Parts
from assistant.settings import Settings
from assistant.ui import render
from assistant.ui.render import TurnView
from corpus.document import Span
from index.errors import LibraryError

if TYPE_CHECKING:
    import gradio as gr

_EXAMPLES = 3
_LONGEST_TITLE = 60
"""Characters of a title in an example."""
_CONCURRENT = 8
"""Questions that are answered at once; more wait in Gradio's queue."""


def mount_page(app: FastAPI, parts: Parts, settings: Settings) -> FastAPI:
    """Put the page at ``/`` and the document view at ``/documents/{id}``; the API's routes stay before it."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read at import
    import gradio as gr

    @app.get("/documents/{document_id}", include_in_schema=False, response_class=HTMLResponse)
    def document_view(
        document_id: str, start: Annotated[int, Query(ge=0)] = 0, end: Annotated[int, Query(ge=0)] = 0
    ) -> HTMLResponse:
        stored = parts.library.document(document_id)
        if stored is None:
            raise ApiError(404, "no_such_document", f"There is no document {document_id!r}.", "document_id")
        span = Span(start, end) if start < end <= len(stored.text) else None
        nonce = secrets.token_urlsafe(16)
        policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'"
        return HTMLResponse(render.document_page(stored, span, nonce), headers={"Content-Security-Policy": policy})

    mounted: FastAPI = gr.mount_gradio_app(
        app,
        build_page(parts),
        path="/",
        server_name=settings.host,
        server_port=settings.port,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        max_file_size=settings.max_upload_bytes,
        theme=_theme(),
        css=render.style(),
    )
    for route in mounted.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            for status in (404, 405):
                route.app.add_exception_handler(status, http_error)  # type: ignore[arg-type]  # as Starlette's docs do
    return mounted


def build_page(parts: Parts) -> gr.Blocks:
    """The page's blocks and what happens in them."""
    import gradio as gr

    page: gr.Blocks = gr.Blocks(title="Dateline", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600))
    with page:
        turns = gr.State([])
        history = gr.State([])
        gr.HTML(
            '<p class="dl-brand"><b>Dateline</b> <span>answers with the passages they stand on</span></p>',
            elem_id="dl-head",
        )
        with gr.Row(equal_height=False, elem_id="dl-body"):
            with gr.Column(scale=7, min_width=320):
                conversation = gr.HTML(
                    elem_id="dl-conversation", js_on_load=render.script("page"), apply_default_css=False
                )
            with gr.Column(scale=5, min_width=320, elem_id="dl-side"):
                sources = gr.HTML(elem_id="dl-sources", js_on_load=render.script("sources"), apply_default_css=False)
        with gr.Row(elem_id="dl-examples"):
            examples = [gr.Button("", visible=False, variant="secondary") for _ in range(_EXAMPLES)]
        with gr.Row(elem_id="dl-ask"):
            question = gr.Textbox(
                placeholder="Ask a question …",
                show_label=False,
                label="Your question",
                lines=1,
                max_lines=6,
                autofocus=True,
                submit_btn=True,
                container=False,
                elem_id="dl-question",
            )

        def begin() -> list[Any]:
            stats = parts.library.stats()
            suggested = _suggested(parts)
            buttons = [
                gr.Button(suggested[number] if number < len(suggested) else "", visible=number < len(suggested))
                for number in range(_EXAMPLES)
            ]
            return [render.conversation([], stats), *buttons]

        def ask(asked: str, views: list[TurnView], past: list[Turn]) -> Iterator[list[Any]]:
            hidden = [gr.Button(visible=False) for _ in examples]
            if not asked.strip():
                yield [gr.skip(), gr.skip(), gr.skip(), gr.skip(), gr.skip(), *([gr.skip()] * len(examples))]
                return
            for grown, told in _answer(parts, asked, views, past):
                yield [
                    render.conversation(grown, parts.library.stats()),
                    render.sources(grown),
                    "",
                    grown,
                    told,
                    *hidden,
                ]

        shown = [conversation, sources, question, turns, history, *examples]
        page.load(begin, outputs=[conversation, *examples], show_progress="hidden", api_visibility="private")
        question.submit(
            ask,
            [question, turns, history],
            shown,
            show_progress="hidden",
            concurrency_limit=_CONCURRENT,
            api_visibility="private",
        )
        for example in examples:
            example.click(
                ask,
                [example, turns, history],
                shown,
                show_progress="hidden",
                concurrency_limit=_CONCURRENT,
                api_visibility="private",
            )
    return page


def _answer(
    parts: Parts, asked: str, views: list[TurnView], past: list[Turn]
) -> Iterator[tuple[list[TurnView], list[Turn]]]:
    """The conversation as it grows: first the question, then its answer."""
    pending = TurnView(number=len(views) + 1, question=asked.strip(), pending=True)
    yield [*views, pending], past
    try:
        answer = parts.assistant.ask(asked, history=past)
    except (QuestionError, LibraryError) as error:
        said = str(error)
        yield [*views, replace(pending, pending=False, error=said[:1].upper() + said[1:] + ".")], past
        return
    done = render.turn_view(pending.number, answer, parts.library)
    yield [*views, done], [*past, Turn("user", answer.question), Turn("assistant", answer.text)]


def _suggested(parts: Parts) -> list[str]:
    """Questions about documents that are there: the titles of the last ones, asked after."""
    documents = parts.library.documents(limit=_EXAMPLES)
    titles = [textwrap.shorten(info.title, _LONGEST_TITLE, placeholder=" …") for info in documents]
    return [f"What do the documents say about “{title}”?" for title in titles]


def _theme() -> gr.themes.Base:
    import gradio as gr

    sans = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]
    return gr.themes.Base(font=sans, font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"], primary_hue="sky")

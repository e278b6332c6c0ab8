"""The page: Gradio on the API's app. Thin: it hands questions to the assistant and shows what it says."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.routing import Mount

from assistant.http.errors import ApiError, http_error, validation_error
from assistant.parts import Parts
from assistant.settings import Settings
from assistant.sync import FileState, states
from assistant.ui import render
from assistant.ui.views import TextView, text_view
from corpus.document import Span

if TYPE_CHECKING:
    import gradio as gr

Offset = Annotated[int, Query(ge=0)]
From = Annotated[int, Query(ge=0, alias="from")]
To = Annotated[int, Query(ge=0, alias="to")]


def mount_page(app: FastAPI, parts: Parts, settings: Settings) -> FastAPI:
    """Put the page at ``/`` and the document views below ``/documents``; the API's routes stay before it."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read at import
    import gradio as gr

    _add_document_views(app, parts)
    page = build_page(parts)
    page.queue(max_size=max(1, settings.max_waiting))
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=settings.host,
        server_port=settings.port,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        favicon_path=str(render.FAVICON),
        max_file_size=settings.max_upload_bytes,
        theme=_theme(),
        css=render.style(),
    )
    for route in mounted.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            for status in (404, 405):
                route.app.add_exception_handler(status, http_error)  # type: ignore[arg-type]  # as Starlette's docs do
            route.app.add_exception_handler(RequestValidationError, validation_error)  # type: ignore[arg-type]
    return mounted


def build_page(parts: Parts) -> gr.Blocks:
    """The page's blocks and what happens in them."""
    import gradio as gr

    from assistant.ui.chat import add_chat
    from assistant.ui.head import add_head

    page: gr.Blocks = gr.Blocks(title="Dateline", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600))
    with page:
        add_head(page)
        with gr.Tabs(elem_id="dl-tabs"):
            with gr.Tab("Chat", elem_id="dl-tab-chat"):
                add_chat(parts)
            for name in ("documents", "timeline"):
                with gr.Tab(name.capitalize(), elem_id=f"dl-tab-{name}"):
                    _add_part(name, name)
        _add_part("reader_frame", "reader")
    return page


def _add_part(skeleton: str, script: str) -> None:
    """A part of the page that is made in the browser, from what the API tells."""
    import gradio as gr

    gr.HTML(
        html_template=render.skeleton(skeleton),
        js_on_load=render.script(script),
        elem_id=f"dl-{script}",
        apply_default_css=False,
    )


def _add_document_views(app: FastAPI, parts: Parts) -> None:
    """A document as a page of its own, and as a part of ours."""

    @app.get("/documents/states", include_in_schema=False)
    def document_states() -> dict[str, FileState]:
        return states(parts.library)

    @app.get("/documents/{document_id}", include_in_schema=False, response_class=HTMLResponse)
    def document_page(
        document_id: str, start: Offset = 0, end: Offset = 0, around_start: From = 0, around_end: To = 0
    ) -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        allowed = f"style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'"
        policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        page = render.document_page(_text(parts, document_id, (start, end), (around_start, around_end)), nonce)
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    @app.get("/documents/{document_id}/reader", include_in_schema=False, response_class=HTMLResponse)
    def document_reader(
        document_id: str, start: Offset = 0, end: Offset = 0, around_start: From = 0, around_end: To = 0
    ) -> HTMLResponse:
        original = parts.library.original(document_id)
        file = original.name if original is not None else ""
        return HTMLResponse(render.reader(_text(parts, document_id, (start, end), (around_start, around_end)), file))


def _text(parts: Parts, document_id: str, quote: tuple[int, int], passage: tuple[int, int]) -> TextView:
    stored = parts.library.document(document_id)
    if stored is None:
        raise ApiError(404, "no_such_document", f"There is no document {document_id!r}.", "document_id")
    marked, around = (Span(*span) if span[0] < span[1] <= len(stored.text) else None for span in (quote, passage))
    if marked is not None and around is None:
        around = parts.library.catalog.passage_around(document_id, marked)
    return text_view(stored, marked, around)


def _theme() -> gr.themes.Base:
    import gradio as gr

    sans = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]
    return gr.themes.Base(font=sans, font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"], primary_hue="sky")

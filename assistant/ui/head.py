"""The top of the page: its name, and who signed in."""

from __future__ import annotations

import gradio as gr

from assistant.http.caller import caller_of
from assistant.ui import render


def add_head(page: gr.Blocks) -> None:
    """The top of the page, which names the key of a visitor who signed in with one, and says what it may not do."""
    shown = gr.HTML(render.head(None), elem_id="dl-head")

    def head(request: gr.Request) -> str:
        caller = caller_of(request.request) if request.request is not None else None
        signed_in = caller.name if caller is not None and caller.key_id is not None else None
        return render.head(signed_in, may_write=caller is None or caller.may("writer"))

    page.load(head, outputs=shown, show_progress="hidden", queue=False, api_visibility="private")

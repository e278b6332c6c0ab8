"""A library from one machine to real servers and back: whole, equal row by row, also when it is killed on its way."""

from __future__ import annotations

import dataclasses
import datetime
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from assistant import migration
from assistant.conversations import LOCAL
from assistant.keys import Keys
from assistant.migration import SERVERS, Migration, migrate
from assistant.settings import Settings, SettingsError
from corpus.document import Document, PublishedDate
from corpus.originals import read_whole
from index.embedding import WordHashEmbedder
from index.errors import LibraryError, LibraryUnusableError
from index.library import Library

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from assistant.parts import Parts

    OpenParts = Callable[[Settings], AbstractContextManager[Parts]]

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "corpus" / "sample"
QUESTIONS = ("Which dam was finished?", "What did the council decide?", "harbour", "2024")


class Embeds(WordHashEmbedder):
    """The stand-in of the tests, which embeds questions alone: what is moved is not embedded again."""

    def embed_passages(self, _: Any) -> Any:
        raise AssertionError("embedded again")


@pytest.fixture(autouse=True)
def _model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "open_embedder", lambda *_, **__: Embeds())


@pytest.fixture
def one_machine(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "one machine")


@pytest.fixture
def servers(tmp_path: Path, postgres_database: str, chroma_process: Any) -> Settings:
    return Settings(data_dir=tmp_path / "shared", database_url=postgres_database, chroma_url=chroma_process.url)


@pytest.fixture
def filled(one_machine: Settings, stand_in_parts: OpenParts) -> dict[str, Any]:
    """A library with all that a library has; what can be seen of it."""
    from assistant import ingestion

    with stand_in_parts(one_machine) as parts:
        results = list(ingestion.ingest(parts.library, ingestion.find([SAMPLE]).files))
        ids = [result.document_id for result in results if result.document_id]
        parts.library.set_published(ids[0], PublishedDate(datetime.date(2020, 2, 3), "user", "2020-02-03"))
        parts.library.remove([ids[-1]])  # ids of passages that must not be used again
        long = "".join(f"Row {number} holds ropes, nets and ’quoted’ hooks. " for number in range(2000))
        list(parts.library.add([Document(long, "Long", origin="test:long", name="long.txt")]))
        conversation = parts.conversations.create(LOCAL, "First")
        parts.conversations.create(LOCAL, "Second")
        Keys(parts.catalog.database).create("mine", "writer")
        return look(parts) | {"conversation": conversation.id}


def look(parts: Parts) -> dict[str, Any]:
    """What can be seen of a library, whichever place it is in."""
    library = parts.library
    documents = library.documents()
    return {
        "documents": sorted(
            str(dataclasses.asdict(info) | {"added": info.added.replace(tzinfo=None)}) for info in documents
        ),
        "texts": {info.id: stored.text for info in documents if (stored := library.document(info.id))},
        "sentences": {info.id: library.sentences(info.id) for info in documents},
        "originals": {
            info.id: read_whole(library.originals, found.content_hash)
            for info in documents
            if (found := library.original(info.id)) is not None
        },
        "vectors": library.vector_count(),
        "last_id": library.catalog.revision()[0],
        "conversations": sorted(info.title for info in parts.conversations.infos(LOCAL)),
        "keys": [key.name for key in Keys(parts.catalog.database).all()],
    }


def searched(parts: Parts) -> list[tuple[str, str, float]]:
    """What is found."""
    return [
        (one.document.id, one.passage.text, one.score)
        for question in QUESTIONS
        for one in parts.library.search(question, limit=5)
    ]


def move(settings: Settings, to: str, of: Path | None = None) -> Migration:
    return migrate(settings, to, of=of, begin=lambda _: lambda: None)


def test_there_and_back(
    filled: dict[str, Any], one_machine: Settings, servers: Settings, stand_in_parts: OpenParts, tmp_path: Path
) -> None:
    """On the servers the library looks as it did, originals and all; back in a folder it also finds what it
    found. Nothing was embedded on the way. Moved again, nothing has to be."""
    there = move(servers, SERVERS, one_machine.data_dir)
    assert (there.documents, there.moved, there.lost) == (len(filled["texts"]), len(filled["texts"]), ())
    assert {table.table for table in there.tables if table.source} >= {
        "documents", "texts", "origins", "files", "sentences", "passages", "words", "api_keys", "conversations"
    }  # fmt: skip
    with stand_in_parts(servers) as parts:
        assert look(parts) | {"conversation": filled["conversation"]} == filled
        assert len(searched(parts)) == 20

    back = Settings(data_dir=tmp_path / "back")
    assert move(servers, str(back.data_dir)).moved == len(filled["texts"])
    with stand_in_parts(one_machine) as parts:
        found = [(document_id, text) for document_id, text, _ in searched(parts)]
        scores = [score for *_, score in searched(parts)]
    with stand_in_parts(back) as parts:
        assert look(parts) | {"conversation": filled["conversation"]} == filled
        assert [(document_id, text) for document_id, text, _ in searched(parts)] == found
        # A rebuilt index has vectors of half precision, which moves scores by some .00001.
        assert [score for *_, score in searched(parts)] == pytest.approx(scores, abs=0.001)
        (added,) = parts.library.add([Document("A new mill.", "New", origin="test:new", name="new")])
        assert added.status == "added"

    assert move(servers, SERVERS, one_machine.data_dir).moved == 0


def test_originals_go_where_the_settings_say(
    filled: dict[str, Any], one_machine: Settings, servers: Settings, stand_in_parts: OpenParts, tmp_path: Path
) -> None:
    """To shared storage and back into a folder; moved again, those that are there already count as kept."""
    shared = tmp_path / "copies"
    shared.mkdir()
    servers = servers.model_copy(update={"originals_url": SecretStr(shared.as_uri())})
    there = move(servers, SERVERS, one_machine.data_dir)
    assert (there.originals, there.lost) == (len(list(shared.glob("??/*"))), ())
    assert not (servers.data_dir / "originals").exists()
    with stand_in_parts(servers) as parts:
        assert look(parts)["originals"] == filled["originals"]
    back = Settings(data_dir=tmp_path / "back")
    assert move(servers, str(back.data_dir)).originals == there.originals
    with stand_in_parts(back) as parts:
        assert look(parts)["originals"] == filled["originals"]


MOVE = """
import sys, time
from pathlib import Path
from assistant import migration
from assistant.settings import Settings
from index.embedding import WordHashEmbedder
migration.open_embedder = lambda *_, **__: WordHashEmbedder()
to, of = sys.argv[1], sys.argv[2]
def after_each():
    print("moved", flush=True)
    time.sleep(0.05)
migration.migrate(Settings(), to, of=Path(of) if of else None, begin=lambda _: after_each)
"""


def kill_on_the_way(settings: Settings, to: str, of: str, after: int) -> None:
    """Move in another process, and kill it when so many documents are moved."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DATELINE_DATA_DIR": str(settings.data_dir)}
    if settings.catalog_url is not None:
        environment |= {"DATELINE_DATABASE_URL": settings.catalog_url, "DATELINE_CHROMA_URL": settings.chroma_url or ""}
    process = subprocess.Popen(
        [sys.executable, "-c", MOVE, to, of], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    assert process.stdout is not None
    for _ in range(after):
        assert process.stdout.readline() == "moved\n"
    process.kill()
    process.communicate()


def test_killed_on_the_way_it_goes_on(
    filled: dict[str, Any], one_machine: Settings, servers: Settings, stand_in_parts: OpenParts, tmp_path: Path
) -> None:
    """Both ways: what is half moved is not opened, and the next run moves what is left; then all is equal."""
    documents = len(filled["texts"])
    kill_on_the_way(servers, SERVERS, str(one_machine.data_dir), 10)
    with pytest.raises(LibraryUnusableError, match="is being moved here and is not whole yet"), stand_in_parts(servers):
        pass
    assert 0 < move(servers, SERVERS, one_machine.data_dir).moved <= documents - 10
    with stand_in_parts(servers) as parts:
        assert look(parts) | {"conversation": filled["conversation"]} == filled

    back = Settings(data_dir=tmp_path / "back")
    kill_on_the_way(servers, str(back.data_dir), "", 20)
    with pytest.raises(LibraryUnusableError, match="is not whole yet"), stand_in_parts(back):
        pass
    assert 0 < move(servers, str(back.data_dir)).moved <= documents - 20
    with stand_in_parts(back) as parts:
        assert look(parts) | {"conversation": filled["conversation"]} == filled


def test_what_changed_meanwhile_is_moved_again(
    filled: dict[str, Any], one_machine: Settings, servers: Settings, stand_in_parts: OpenParts
) -> None:
    """Between two runs of a move that was killed a document is changed and another one deleted: the second run moves
    the one and removes the other."""
    kill_on_the_way(servers, SERVERS, str(one_machine.data_dir), len(filled["texts"]) - 1)
    changed, deleted = sorted(filled["texts"])[:2]
    with stand_in_parts(one_machine) as parts:
        parts.library.set_published(changed, PublishedDate(datetime.date(1999, 1, 1), "user", "1999-01-01"))
        parts.library.remove([deleted])
        now = look(parts)

    assert 1 <= move(servers, SERVERS, one_machine.data_dir).moved <= 2
    with stand_in_parts(servers) as parts:
        assert look(parts) == now


def test_a_difference_is_told(
    filled: dict[str, Any], one_machine: Settings, servers: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where what arrived is not what was sent, the move fails and the target stays closed."""
    from corpus.moving import Move

    rest = Move.rest

    def spoil(self: Move) -> None:
        rest(self)
        with self._target.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE sentences SET start = start + 1 WHERE ordinal = 3")

    monkeypatch.setattr(Move, "rest", spoil)
    with pytest.raises(LibraryUnusableError, match="the two places differ \\(sentences: "):
        move(servers, SERVERS, one_machine.data_dir)
    monkeypatch.undo()
    with pytest.raises(LibraryUnusableError, match="is not whole yet"):
        Library.open(servers.data_dir, WordHashEmbedder(), database_url=servers.catalog_url)


def test_another_library_is_not_overwritten(
    filled: dict[str, Any], one_machine: Settings, servers: Settings, stand_in_parts: OpenParts
) -> None:
    """A target with documents of its own is refused, and keeps them."""
    with stand_in_parts(servers) as parts:
        list(parts.library.add([Document("The mill burned.", "Mill", origin="test:mill", name="mill")]))
    with pytest.raises(LibraryError, match="the target holds another library, of 1 documents: name one that is empty"):
        move(servers, SERVERS, one_machine.data_dir)
    with stand_in_parts(servers) as parts:
        assert [info.title for info in parts.library.documents()] == ["Mill"]


def test_what_postgresql_does_not_keep_is_told(
    one_machine: Settings, servers: Settings, stand_in_parts: OpenParts
) -> None:
    """A document with a NUL character is named, since it would not arrive as it is."""
    with stand_in_parts(one_machine) as parts:
        list(parts.library.add([Document("The mill\0 burned.", "Mill", origin="test:mill", name="mill")]))
    with pytest.raises(LibraryError, match=r"the document 'Mill' \(\w+\) holds a NUL character"):
        move(servers, SERVERS, one_machine.data_dir)


def test_places_that_are_none_are_told(one_machine: Settings, servers: Settings, tmp_path: Path) -> None:
    """No servers named, no library in the folder, the same folder: each is a sentence, and nothing is made."""
    with pytest.raises(SettingsError, match="there are no servers to move to: set DATELINE_DATABASE_URL"):
        move(one_machine, SERVERS)
    with pytest.raises(SettingsError, match="holds no library"):
        move(servers, SERVERS, tmp_path / "nothing")
    with pytest.raises(SettingsError, match="--from is for a move to servers"):
        move(servers, str(tmp_path / "x"), tmp_path)
    assert not (tmp_path / "nothing").exists()
    Library.open(one_machine.data_dir, WordHashEmbedder()).close()
    with pytest.raises(SettingsError, match="the library is in that folder already"):
        move(one_machine, str(one_machine.data_dir))

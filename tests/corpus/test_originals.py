"""Copies of files in a folder, in one that is mounted, and behind fsspec."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

import pytest

from corpus.errors import OriginalsError
from corpus.originals import Originals, content_hash, open_originals, read_whole

DATA = b"The dam is finished.\n" * 100_000
HASHED = content_hash(DATA)


@pytest.fixture(params=["data folder", "file", "memory", "s3"])
def originals(request: pytest.FixtureRequest, tmp_path: Path) -> Originals:
    (tmp_path / "shared").mkdir()
    if request.param == "s3":
        request.getfixturevalue("s3_process").create("bucket")
        return open_originals(tmp_path / "data", "s3://bucket/dateline/originals")
    urls = {"file": (tmp_path / "shared").as_uri(), "memory": f"memory://{uuid.uuid4().hex}/originals"}
    return open_originals(tmp_path / "data", urls.get(request.param))


def test_a_copy_is_kept_once_and_goes(originals: Originals) -> None:
    """What was kept is read as it was, also when it is kept twice; removed, it is not there, and twice does no harm."""
    originals.look()
    assert (list(originals.hashes()), originals.pieces(HASHED)) == ([], None)
    originals.keep(DATA, HASHED)
    originals.keep(DATA, HASHED)
    originals.keep(b"", content_hash(b""))
    assert (read_whole(originals, HASHED), read_whole(originals, content_hash(b""))) == (DATA, b"")
    assert set(originals.hashes()) == {HASHED, content_hash(b"")}
    originals.remove(HASHED)
    originals.remove(HASHED)
    assert (list(originals.hashes()), originals.pieces(HASHED)) == ([content_hash(b"")], None)
    originals.try_writing()
    assert list(originals.hashes()) == [content_hash(b"")]


def test_half_a_copy_is_none_and_is_made_whole() -> None:
    """What a kill in mid-write leaves is not handed out; it is listed, so that it can be removed, and replaced."""
    import fsspec  # type: ignore[import-untyped]

    place = f"memory://{uuid.uuid4().hex}"
    originals = open_originals(Path("unused"), place)
    files, root = fsspec.url_to_fs(place)
    files.pipe_file(f"{root}/{HASHED[:2]}/{HASHED}.part", DATA[:100])
    assert (originals.pieces(HASHED), list(originals.hashes())) == (None, [HASHED])
    originals.keep(DATA, HASHED)
    assert (read_whole(originals, HASHED), list(originals.hashes())) == (DATA, [HASHED])


def test_a_folder_that_is_not_mounted_is_told(tmp_path: Path) -> None:
    """Copies do not go to the local disk in its stead."""
    shared = tmp_path / "shared"
    originals = open_originals(tmp_path, shared.as_uri())
    for use in (originals.look, originals.try_writing, lambda: originals.keep(DATA, HASHED)):
        with pytest.raises(OriginalsError, match=r"shared' cannot be read or written \(No such file or directory\)"):
            use()
    assert not shared.exists()


def test_no_right_to_write_is_told(tmp_path: Path) -> None:
    """A place that is no folder is told, whoever runs this."""
    (tmp_path / "shared").write_bytes(b"")
    originals = open_originals(tmp_path, (tmp_path / "shared").as_uri())
    with pytest.raises(OriginalsError, match=r"cannot be read or written \(Not a directory\): see that the folder"):
        originals.try_writing()


def test_places_of_no_known_kind_are_told(tmp_path: Path) -> None:
    """An unknown scheme, and one whose package is missing; no password is shown."""
    with pytest.raises(
        OriginalsError, match=r"nosuch://host/x cannot be used .*correct DATELINE_ORIGINALS_URL"
    ) as told:
        open_originals(tmp_path, "nosuch://me:secret@host/x")
    assert "secret" not in str(told.value)


def test_an_endpoint_that_is_no_address_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "storage:9000")
    with pytest.raises(
        OriginalsError, match=r"s3://bucket/x cannot be used \(AWS_ENDPOINT_URL is 'storage:9000', and no"
    ):
        open_originals(tmp_path, "s3://bucket/x")


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.fsspec", None)  # an import of it fails
    with pytest.raises(OriginalsError, match=r"reaches s3://bucket/x is not installed \(pip install '\.\[s3\]'\)"):
        open_originals(tmp_path, "s3://bucket/x")

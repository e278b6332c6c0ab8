"""Settings: which source wins, and what is said of a wrong one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assistant.settings import Settings, SettingsError, environment_name, load_settings
from index.servers import ChromaServer


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_later_sources_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags win over the environment, the environment over dateline.toml, that over the defaults."""
    (tmp_path / "dateline.toml").write_text('host = "localhost"\nport = 1000\nreader = "r"\n', "utf-8")
    monkeypatch.setenv("DATELINE_PORT", "2000")
    monkeypatch.setenv("DATELINE_READER", "s")

    settings = load_settings(port=3000, host=None)

    assert (settings.port, settings.reader, settings.host, settings.precision) == (3000, "s", "localhost", "auto")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """`DATELINE_PORT=` leaves the default."""
    monkeypatch.setenv("DATELINE_PORT", "")

    assert load_settings().port == 7860


def test_the_data_folder_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the home folder, and a relative folder lies in the working folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    assert load_settings(data_dir="~/x").data_dir == tmp_path / "home" / "x"
    assert load_settings(data_dir="y").data_dir == tmp_path / "y"


def test_without_any_source_the_data_folder_is_the_platforms(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default data folder is the user's own, named after the program."""
    monkeypatch.delenv("DATELINE_DATA_DIR")

    assert load_settings().data_dir.name == "dateline"


@pytest.mark.parametrize(
    ("toml", "flags", "message"),
    [
        ("", {"port": "x"}, "The setting 'port' (DATELINE_PORT) is 'x': input should be a valid integer"),
        ("", {"port": 70000}, "The setting 'port' (DATELINE_PORT) is 70000: input should be less than or equal"),
        ("", {"precision": "int8"}, "The setting 'precision' (DATELINE_PRECISION) is 'int8': input should be 'auto'"),
        ("prot = 1", {}, "There is no setting 'prot' (the settings are data_dir, host, port"),
        (
            "",
            {"chroma_url": "chroma:8000"},
            "The setting 'chroma_url' (DATELINE_CHROMA_URL) is secret: value error, expected the address of a "
            "server, such as http://host:8000",
        ),
        ("port 1", {}, "dateline.toml in the working folder is not valid TOML"),
    ],
)
def test_a_wrong_setting_is_one_sentence(tmp_path: Path, toml: str, flags: dict[str, str], message: str) -> None:
    """What is wrong is named with what it holds and what is expected."""
    (tmp_path / "dateline.toml").write_text(toml, "utf-8")

    with pytest.raises(SettingsError, match=re.escape(message)) as caught:
        load_settings(**flags)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "flags", [{"chroma_url": "http://ann:T0K3N@host"}, {"chroma_headers": "T0K3N"}, {"chroma_token": ["T0K3N"]}]
)
def test_no_secret_is_in_a_message(flags: dict[str, object]) -> None:
    """Where a setting that can hold a secret is wrong, the message does not show it; nor do the settings."""
    with pytest.raises(SettingsError) as caught:
        load_settings(**flags)

    assert "T0K3N" not in str(caught.value)
    assert "T0K3N" not in repr(load_settings(chroma_token="T0K3N", chroma_headers={"authorization": "T0K3N"}))


def test_the_token_goes_with_the_other_headers() -> None:
    """What is sent to the Chroma server is the token under Chroma's name, and what else is set."""
    settings = load_settings(chroma_url="http://h:1", chroma_token="T", chroma_headers={"authorization": "Bearer B"})

    assert settings.chroma_server == ChromaServer("http://h:1", {"authorization": "Bearer B", "x-chroma-token": "T"})
    assert load_settings(chroma_token="T").chroma_server is None


def test_a_settings_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    """A dateline.toml in another encoding is told, not dumped."""
    (tmp_path / "dateline.toml").write_bytes(b'host = "\xff"')

    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        load_settings()


def test_every_setting_has_a_description_and_a_variable() -> None:
    """Each field says what it means; its variable bears its name."""
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    assert environment_name("data_dir") == "DATELINE_DATA_DIR"

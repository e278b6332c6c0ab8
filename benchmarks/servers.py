"""Real servers on free ports of this computer, which can be ended and started again: for the drill and the tests."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-c", "from assistant.cli import main; main()")
"""The ``dateline`` command of this folder."""


class _LocalServer:
    """A server on a free port of this computer."""

    def __init__(self, command: Sequence[str | Path], asked: str = "") -> None:
        """
        Args:
            command: what starts it; the port follows.
            asked: the path that answers once it serves.
        """
        port = str(_free_port())
        self._command = [*command, port]
        self.url = f"http://127.0.0.1:{port}"
        self._asked = asked
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> int:
        """Its id; 0 before the first start."""
        return self._process.pid if self._process is not None else 0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns when it serves."""
        import httpx

        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            assert self.running
            try:
                httpx.get(f"{self.url}{self._asked}", trust_env=False)
                return
            except httpx.TransportError:
                time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class ChromaProcess(_LocalServer):
    """``chroma run``."""

    def __init__(self, folder: Path) -> None:
        program = Path(sys.executable).parent / "chroma"
        super().__init__([program, "run", "--path", folder, "--host", "127.0.0.1", "--port"], "/api/v2/heartbeat")


class PostgresProcess:
    """A PostgreSQL with a folder of its own, which ``remove`` removes."""

    def __init__(self, programs: Path, folder: Path | None = None) -> None:
        """
        Args:
            folder: an empty one for its data; None for a new one.
        """
        # Not below pytest's own folder: PostgreSQL refuses to run as root, and no other user may look into that.
        self._folder = folder or Path(tempfile.mkdtemp(prefix="dateline-postgres-"))
        self._programs = programs
        self._port = _free_port()
        self.process = 0
        """Id of its first process; 0 before the first start."""
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-D", self._folder, "-U", "postgres", "--locale=C.UTF-8", "-A", "trust", "--no-sync")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"

    @property
    def running(self) -> bool:
        return self.process != 0 and not gone(self.process)

    def start(self) -> None:
        """
        Raises:
            CalledProcessError: it does not start, since what a killed one left still runs, for one.
        """
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self._run("pg_ctl", "-D", self._folder, "-l", self._folder / "log", "-o", options, "-w", "start")
        self.process = int(self._pid_file.read_text("utf-8").splitlines()[0])

    def stop(self) -> None:
        """At once, as a crash does."""
        os.kill(self.process, signal.SIGQUIT)
        while self._pid_file.exists() or self.running:
            time.sleep(0.02)

    def kill(self) -> None:
        """By SIGKILL, which ends the first process alone; those that it made end when they see that."""
        os.kill(self.process, signal.SIGKILL)
        while self.running:
            time.sleep(0.02)

    def remove(self) -> None:
        if self.running:
            self.stop()
        shutil.rmtree(self._folder)

    def create(self, database: str) -> str:
        """The URL of a new database."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)

    def ask_for_passwords_of(self, user: str, password: str) -> None:
        """A new user, who needs that password; all others need none."""
        import psycopg

        rules = self._folder / "pg_hba.conf"
        rules.write_text(f"host all {user} 127.0.0.1/32 scram-sha-256\n{rules.read_text('utf-8')}", "utf-8")
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'".encode())
            connection.execute("SELECT pg_reload_conf()")

    @property
    def _pid_file(self) -> Path:
        return self._folder / "postmaster.pid"

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        subprocess.run(
            command, user=self._user, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )


def postgres_programs() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``; None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return places[-1] if places else None


class S3Process(_LocalServer):
    """moto's server, which speaks S3, starts empty and open to all, keeps all in memory, and can ask for keys."""

    def __init__(self, program: Path) -> None:
        super().__init__([program, "-H", "127.0.0.1", "-p"])

    def create(self, bucket: str) -> None:
        """A new bucket."""
        import httpx

        httpx.put(f"{self.url}/{bucket}", trust_env=False).raise_for_status()

    def ask_for_keys(self) -> tuple[str, str]:
        """From now on nobody gets in but by a key; the id and the secret of the only one."""
        import httpx

        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        self._manage("CreateUser")
        self._manage("PutUserPolicy", PolicyName="all", PolicyDocument=json.dumps(policy))
        made = self._manage("CreateAccessKey")
        httpx.post(f"{self.url}/moto-api/reset-auth", content=b"0", trust_env=False).raise_for_status()
        key_id, secret = re.findall(r"<(?:AccessKeyId|SecretAccessKey)>(.*?)<", made)
        return key_id, secret

    def _manage(self, action: str, **values: str) -> str:
        import httpx

        scope = "Credential=any/20240101/us-east-1/iam/aws4_request"  # by this the server knows which service is meant
        response = httpx.post(
            self.url,
            data={"Action": action, "Version": "2010-05-08", "UserName": "dateline", **values},
            headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"},
            trust_env=False,
        )
        return response.raise_for_status().text


def s3_program() -> Path | None:
    """moto's server, in an environment of its own or on the path; None where it is not installed."""
    own = ROOT / ".s3" / "bin" / "moto_server"
    found = str(own) if own.exists() else shutil.which("moto_server")
    return Path(found) if found else None


@dataclass(frozen=True)
class BothServers:
    """A Chroma server and a PostgreSQL that run, and the settings of a Dateline on them."""

    chroma: ChromaProcess
    postgres: PostgresProcess
    environment: dict[str, str]


@contextmanager
def both_servers(programs: Path) -> Iterator[BothServers]:
    """Empty servers and a data folder, which are removed at the end.

    Args:
        programs: the folder of PostgreSQL's.
    """
    with tempfile.TemporaryDirectory() as folder:
        chroma, postgres = ChromaProcess(Path(folder) / "chroma"), PostgresProcess(programs)
        try:
            chroma.start()
            postgres.start()
            environment = {
                "DATELINE_DATA_DIR": str(Path(folder) / "shared"),
                "DATELINE_CHROMA_URL": chroma.url,
                "DATELINE_DATABASE_URL": postgres.create("dateline"),
                "DATELINE_REQUESTS_PER_MINUTE": "1000000",  # all clients have one address
                "PYTHONPATH": str(ROOT),
            }
            yield BothServers(chroma, postgres, environment)
        finally:
            chroma.kill()
            postgres.remove()


class DatelineProcess:
    """``dateline serve --workers N``."""

    def __init__(self, environment: dict[str, str], workers: int) -> None:
        """Wait until it serves; ``url`` is empty where it can't."""
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", "--json", "--workers", str(workers)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        self.url: str = json.loads(first)["url"] if "url" in first else ""

    def workers(self) -> list[int]:
        """Process ids of what serves."""
        found = children(self.process.pid)
        return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


class Restartable(Protocol):
    """What a supervisor watches."""

    @property
    def running(self) -> bool: ...
    def start(self) -> None: ...


@contextmanager
def supervised(servers: Sequence[Restartable], *, pause: float = 1.0) -> Iterator[None]:
    """Start servers again that have ended, as systemd does by ``Restart=always``.

    Args:
        pause: seconds before each try, as ``RestartSec``.
    """
    ending = threading.Event()

    def watch() -> None:
        while not ending.wait(pause):
            for server in servers:
                if not server.running:
                    try:
                        server.start()
                    except subprocess.CalledProcessError as error:
                        print(error, file=sys.stderr)  # and again after the pause

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def children(process: int) -> list[int]:
    """Ids of the processes that a process started and that are still there."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text("utf-8").split()]


def gone(process: int) -> bool:
    """Whether a process has ended, though nobody may have asked how."""
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port

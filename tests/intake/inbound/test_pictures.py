"""A picture is fetched only from allowed hosts, whatever address a sender or a redirect gives."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from services.intake.inbound.pictures import Pictures

MOST = 1000


@dataclass
class Host:
    """A local HTTP server: bytes by path; an address instead of bytes redirects; None never answers."""

    name: str = ""
    answers: dict[str, bytes | str | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    host: ClassVar[Host]

    def do_GET(self) -> None:
        self.host.asked.append(self.path)
        self.host.names.append(self.headers["Host"])
        answer = self.host.answers.get(self.path, b"")
        if answer is None:
            self.host.ending.wait(10)
        elif isinstance(answer, str):
            self.send_response(302)
            self.send_header("Location", answer)
            self.end_headers()
        else:
            self.send_response(200 if answer else 404)
            self.end_headers()
            self.wfile.write(answer)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def host() -> Iterator[Host]:
    built = Host()
    handler = type("Bound", (Handler,), {"host": built})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        built.name = f"127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield built
        built.ending.set()
        server.shutdown()


async def test_a_picture_is_fetched_with_its_whole_path(host: Host):
    host.answers["/a%20b/0?wx_fmt=jpeg&tp=1"] = b"picture"
    content = await Pictures.of(f"mmbiz.qpic.cn, {host.name.upper()}", MOST).fetch(
        f"http://{host.name}/a%20b/0?wx_fmt=jpeg&tp=1"
    )
    assert (content, host.names) == (b"picture", [host.name])


async def test_a_picture_that_is_too_large_is_aborted_one_byte_after_the_limit(host: Host):
    host.answers["/x"] = b"x" * 10_000_000
    content = await Pictures.of(host.name, MOST).fetch(f"http://{host.name}/x")
    assert content is not None
    assert len(content) == MOST + 1


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/x",
        "http://{host}@127.0.0.1:9/x",
        "http://someone:secret@{host}/x",
        "http://127.0.0.1:9\\@{host}/x",
        "http://{host}.evil.example/x",
        "http://0x7f.1:{port}/x",
        "http://[::ffff:127.0.0.1]:{port}/x",
        "file:///etc/passwd",
        "ftp://{host}/x",
        "//{host}/x",
        "{host}/x",
        "http://127.0.0.1:port/x",
        "http://[/x",
        "",
    ],
)
async def test_an_address_of_another_host_is_never_requested(host: Host, address: str):
    host.answers["/x"] = b"picture"
    url = address.replace("{host}", host.name).replace("{port}", host.name.partition(":")[2])
    assert await Pictures.of(host.name, MOST).fetch(url) is None
    assert host.asked == []


async def test_a_name_that_resolves_to_a_private_address_is_not_requested(host: Host):
    name = f"localhost:{host.name.partition(':')[2]}"
    host.answers["/x"] = b"picture"
    assert await Pictures.of(name, MOST).fetch(f"http://{name}/x") is None
    assert host.asked == []


async def test_no_redirect_is_followed(host: Host):
    host.answers |= {"/x": f"http://{host.name}/y", "/y": b"picture"}
    assert await Pictures.of(host.name, MOST).fetch(f"http://{host.name}/x") is None
    assert host.asked == ["/x"]


async def test_a_host_that_does_not_respond_is_given_up(host: Host):
    host.answers["/x"] = None
    pictures = Pictures(frozenset({host.name}), MOST, within=0.1)
    assert await pictures.fetch(f"http://{host.name}/x") is None


async def test_nothing_is_fetched_without_an_allowed_host(host: Host):
    assert await Pictures.of("", MOST).fetch(f"http://{host.name}/x") is None
    assert await Pictures.of(" , ", MOST).fetch(f"http://{host.name}/x") is None
    assert host.asked == []

"""O-10 to O-12: how a server answers errors."""

from collections.abc import AsyncIterator

from deploy.open311.answers import ServerAnswer
from deploy.open311.checks.writing import form
from deploy.open311.server import JSON, UNKNOWN, TestedServer


async def errors_document(server: TestedServer) -> AsyncIterator[str]:
    """O-10."""
    for format in await server.formats():
        for answer in (
            await server.get(f"services/{UNKNOWN}.{format}"),
            await server.get(f"requests.{format}", start_date="yesterday"),
        ):
            if answer.ok:
                yield f"{answer}, no error at all"
            elif not _is_told(answer, format):
                yield f"{answer}: no list of errors with code and description: {answer.beginning}"


async def status_codes(server: TestedServer) -> AsyncIterator[str]:
    """O-11."""
    for path in (f"services/{UNKNOWN}.xml", f"tokens/{UNKNOWN}.xml"):
        answer = await server.get(path)
        if answer.status != 404:
            yield f"{answer}, not 404"
    answer = await server.get("requests.xml", start_date="yesterday")
    if answer.status != 400:
        yield f"{answer}, not 400"
    if server.manner.writes:
        answer = await server.post(await form(server), with_key=False)
        if answer.status != 403:
            yield f"without api_key, {answer}, not 403"


async def jurisdiction(server: TestedServer) -> AsyncIterator[str]:
    """O-12."""
    missing = await server.fetch(f"{server.url}/services.xml")
    unknown = await server.fetch(f"{server.url}/services.xml", {"jurisdiction_id": UNKNOWN})
    if missing.ok:
        # The server has only one jurisdiction, and may ignore the parameter.
        if not unknown.ok and unknown.status != 404:
            yield f"{unknown}, neither ignored nor 404"
        return
    if missing.status != 400:
        yield f"without jurisdiction_id, {missing}, not 400"
    if unknown.status != 404:
        yield f"{unknown}, not 404"


def _is_told(answer: ServerAnswer, format: str) -> bool:
    if format == JSON:
        errors = answer.json()
        listed = isinstance(errors, list) and bool(errors)
        return listed and all(isinstance(e, dict) and e.get("code") and e.get("description") for e in errors)
    root = answer.xml()
    return (
        root.tag == "errors" and bool(len(root)) and all(e.findtext("code") and e.findtext("description") for e in root)
    )

"""Generates the page about the life of a demand from the table in `lifecycle`."""

from collections.abc import Iterator

from shared.contracts.demand.lifecycle import HOLDER, TRANSITIONS
from shared.contracts.demand.state import Status

_HEAD = """\
# The life of a demand

Generated from `shared/contracts/demand/lifecycle.py` by `make docs`. A *fact* says what happened. It is allowed in
some statuses, and changes the status or keeps it. One service writes it: in every status exactly one service may write
the next fact, so that a demand has one writer at a time. The fields of each fact:
[JSON Schemas](../shared/contracts/published/schemas), [AsyncAPI 3](../shared/contracts/published/asyncapi.json).

The usual way:

```mermaid
flowchart LR
    submitted --> routed --> accepted --> in_progress --> resolved --> confirmed --> closed
    submitted --> triage --> routed
    routed -- returned --> returned --> routed
    resolved -- not solved --> reopened --> routed
```

"""


def page() -> str:
    """The page in Markdown: a table of facts, and a table of statuses with the service that may write the next fact."""
    return "\n".join([_HEAD + "## Facts", "", *_facts(), "", "## Statuses", "", *_statuses(), ""])


def _facts() -> Iterator[str]:
    yield "| fact | meaning | allowed in | new status | written by |"
    yield "|---|---|---|---|---|"
    for fact, row in TRANSITIONS.items():
        says = (fact.__doc__ or "").strip().partition("\n")[0]
        after = ", ".join(sorted("(none)" if status is Status.NONE else status for status in row.after))
        yield f"| `{fact.type}` | {says} | {after} | {row.becomes or '(unchanged)'} | {row.written_by} |"


def _statuses() -> Iterator[str]:
    yield "| status | service that may write the next fact |"
    yield "|---|---|"
    for status, service in HOLDER.items():
        if status is not Status.NONE:
            yield f"| {status} | {service or 'none: the demand has ended'} |"

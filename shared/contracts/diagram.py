"""The picture of the life of a demand, drawn from the table as Mermaid."""

from shared.contracts.lifecycle import TRANSITIONS, S


def diagram() -> str:
    """A Mermaid state diagram; one arrow for every legal step that changes the status."""
    lines = ["stateDiagram-v2"]
    for fact, row in TRANSITIONS.items():
        for status in sorted(row.after):
            start = "[*]" if status is S.NONE else status
            if row.becomes and row.becomes is not status:
                lines.append(f"    {start} --> {row.becomes}: {fact.type.removeprefix('demand.')}")
    lines.append(f"    {S.CLOSED} --> [*]")
    return "\n".join(lines)

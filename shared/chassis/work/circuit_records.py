"""Stores which gateways have an open circuit, for `huying doctor` and `huying notifications`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from shared.chassis.database.pool import PASSING, Connection, Pool
from shared.chassis.work.circuits import Circuit

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """A gateway that gets no intents now, with the time since when and the cause."""

    gateway: str
    opened_at: datetime
    tried_again_at: datetime
    cause: str


async def record_circuit(pool: Pool, gateway: str, circuit: Circuit, cause: str) -> None:
    """Store that the circuit of a gateway is open (with its `cause`) or closed (empty `cause`), and log it.

    If the database is away, it is only logged.
    """
    if cause:
        log.warning("gateway rests", gateway=gateway, cause=cause, seconds=round(circuit.resting(), 1))
    else:
        log.info("gateway accepts messages again", gateway=gateway)
    try:
        async with pool.acquire(timeout=5) as db:
            await _write(db, gateway, circuit.resting(), cause)
    except PASSING as fault:
        log.warning("the state of a circuit breaker could not be stored", gateway=gateway, cause=repr(fault))


async def _write(db: Connection, gateway: str, seconds: float, cause: str) -> None:
    if not cause:
        await db.execute("DELETE FROM gateway_circuit WHERE gateway = $1", gateway)
        return
    await db.execute(
        """
        INSERT INTO gateway_circuit (gateway, tried_again_at, cause)
        VALUES ($1, now() + make_interval(secs => $2), $3)
        ON CONFLICT (gateway) DO UPDATE SET tried_again_at = excluded.tried_again_at, cause = excluded.cause
        """,
        gateway,
        seconds,
        cause,
    )


async def open_circuits(db: Connection) -> Sequence[OpenCircuit]:
    """All open circuits, the one that has been open longest first."""
    rows = await db.fetch("SELECT gateway, opened_at, tried_again_at, cause FROM gateway_circuit ORDER BY opened_at")
    return [OpenCircuit(**row) for row in rows]

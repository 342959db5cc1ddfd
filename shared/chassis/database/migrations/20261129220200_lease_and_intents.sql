-- migrate:up

-- Who may do what only one process may do, and until when by this server's clock. Each new holder has a higher epoch.
CREATE TABLE lease (
    name text PRIMARY KEY,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
INSERT INTO lease (name, holder, epoch, expires_at)
SELECT 'relay-' || shard, holder, epoch, expires_at FROM relay_lease;
-- Relays of the version before, which may still run during an update, find that somebody else leads for ever.
INSERT INTO relay_lease (shard, holder, epoch, expires_at)
SELECT n, 'a later version', 0, 'infinity' FROM generate_series(0, 255) AS n
ON CONFLICT (shard) DO UPDATE SET
    holder = excluded.holder, epoch = relay_lease.epoch + 1, expires_at = excluded.expires_at;

-- What is to be handed to a gateway: written with the fact that it tells, its outcome recorded after the sending.
-- `key` is the aggregate whose journal tells the outcome, `about` the fact. Those of one `line` go out in the order of
-- `position`. `recipient` is a keyed hash of the address while the intent waits: nobody can read an address from it.
CREATE TABLE intent (
    id uuid PRIMARY KEY,
    position bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    key uuid NOT NULL,
    about uuid NOT NULL,
    line text NOT NULL,
    body jsonb NOT NULL,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'unknown', 'skipped', 'merged')),
    attempts integer NOT NULL DEFAULT 0,
    cause text,
    waits text,
    recipient bytea,
    due_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    claimed_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX intent_to_send ON intent (kind, position) WHERE state = 'pending';
CREATE INDEX intent_of_a_line ON intent (kind, line, position) WHERE state IN ('pending', 'sending');
CREATE INDEX intent_to_a_recipient ON intent (recipient, position)
    WHERE recipient IS NOT NULL AND state IN ('pending', 'sending');
-- The few whose sending was begun and not recorded; a sender that died leaves them behind.
CREATE INDEX intent_in_the_middle ON intent (claimed_at) WHERE state = 'sending';

CREATE TYPE intent_row AS (
    id uuid,
    kind text,
    key uuid,
    about uuid,
    line text,
    body jsonb,
    state text,
    cause text
);

-- Which recipient (a keyed hash) was written to within the last hour; older rows are pruned.
CREATE TABLE intent_reached (
    intent_id uuid PRIMARY KEY,
    recipient bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX intent_reached_lately ON intent_reached (recipient, at DESC);
CREATE INDEX intent_reached_spent ON intent_reached (at);

-- migrate:down

-- migrate:up

-- Intake's own copy of every demand, so that a citizen can follow it by number.
CREATE TABLE demand (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    state jsonb NOT NULL
);

CREATE SEQUENCE demand_number;

-- Front ends; the key is shown once and only its SHA-256 is kept.
CREATE TABLE channel (
    id text PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    key_hash bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- What was submitted, once for each idempotency key and each reference of the channel.
CREATE TABLE submission (
    id uuid PRIMARY KEY,
    channel text NOT NULL,
    idempotency_key text NOT NULL,
    external_id text,
    fingerprint bytea NOT NULL,
    number text NOT NULL UNIQUE,
    submitted_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (channel, idempotency_key),
    UNIQUE (channel, external_id)
);

-- The contact vault: personal data under a key of its own for each demand; without the key nothing can be read.
CREATE TABLE vault_key (
    id uuid PRIMARY KEY,
    wrapped bytea NOT NULL,
    destroyed_at timestamptz
);
CREATE TABLE vault (
    id uuid PRIMARY KEY REFERENCES vault_key (id),
    demand_id uuid NOT NULL,
    sealed bytea NOT NULL
);

-- migrate:down

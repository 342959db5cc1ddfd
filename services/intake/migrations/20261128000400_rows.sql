-- migrate:up

CREATE TYPE submission_row AS (
    id uuid,
    channel text,
    idempotency_key text,
    external_id text,
    fingerprint bytea,
    number text,
    submitted_at timestamptz,
    programme uuid
);

CREATE TYPE vault_key_row AS (id uuid, demand_id uuid, wrapped bytea);

CREATE TYPE vault_row AS (id uuid, demand_id uuid, holds text, sealed bytea);

CREATE TYPE demand_listing_row AS (
    id uuid,
    number text,
    jurisdiction text,
    channel text,
    kind text,
    category text,
    division text,
    title text,
    text text,
    lat double precision,
    lon double precision,
    status text,
    is_open boolean,
    submitted_at timestamptz,
    updated_at timestamptz
);

CREATE TYPE demand_listing_move AS (
    id uuid,
    status text,
    is_open boolean,
    unit text,
    due_at timestamptz,
    at timestamptz,
    summary text
);

CREATE TYPE demand_update_row AS (
    id uuid,
    demand_id uuid,
    sequence integer,
    jurisdiction text,
    status text,
    summary text,
    at timestamptz
);

-- migrate:down

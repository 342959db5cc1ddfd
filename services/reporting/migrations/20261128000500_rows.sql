-- migrate:up

CREATE TYPE fact_row AS (id uuid, demand_id uuid, sequence integer, type text, source text, time timestamptz);

CREATE TYPE counter_row AS (
    jurisdiction text,
    period date,
    dimension text,
    key text,
    measure text,
    n bigint
);

CREATE TYPE owed_row AS (jurisdiction text, due_at timestamptz, n bigint);

-- migrate:down

-- migrate:up

CREATE TYPE notification_row AS (
    id uuid,
    demand_id uuid,
    fact_id uuid,
    contact uuid,
    template text,
    body text,
    channel_kind text,
    state text,
    cause text
);

-- migrate:down

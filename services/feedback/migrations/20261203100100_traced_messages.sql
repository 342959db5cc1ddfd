-- migrate:up

-- As `intent.traceparent`, for what supporters and webhooks are told.
ALTER TABLE webhook_delivery ADD COLUMN traceparent text;

CREATE TYPE supporter_traced_row AS (
    demand_id uuid,
    fact_id uuid,
    template text,
    text text,
    channel_kind text,
    number text,
    jurisdiction text,
    values jsonb,
    traceparent text
);

CREATE TYPE webhook_traced_row AS (
    event uuid,
    demand uuid,
    number text,
    type text,
    at timestamptz,
    channel text,
    jurisdiction text,
    confidential boolean,
    divisions text[],
    categories text[],
    body text,
    traceparent text
);

-- migrate:down

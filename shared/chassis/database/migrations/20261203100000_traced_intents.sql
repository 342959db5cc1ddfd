-- migrate:up

-- The trace (W3C `traceparent`) that the sending of an intent is part of; none where no trace is recorded.
ALTER TABLE intent ADD COLUMN traceparent text;

CREATE TYPE intent_traced_row AS (
    id uuid,
    kind text,
    key uuid,
    about uuid,
    line text,
    body jsonb,
    state text,
    cause text,
    traceparent text
);

-- migrate:down

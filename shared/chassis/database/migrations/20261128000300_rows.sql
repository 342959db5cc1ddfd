-- migrate:up

-- What is written comes as one array of rows for each table: an array for each column costs both sides more (ADR 23).
-- A type stays as it is; a table that gets a column to be written gets another type.
CREATE TYPE ledger_row AS (id uuid, version integer, state jsonb, before integer);

CREATE TYPE journal_row AS (
    id uuid,
    aggregatetype text,
    aggregateid uuid,
    type text,
    source text,
    subject text,
    time timestamptz,
    sequence integer,
    causation uuid,
    correlation uuid,
    traceparent text,
    imported boolean,
    payload text
);

-- migrate:down

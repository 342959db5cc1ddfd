-- migrate:up

-- A citizen may agree after the submission, and refuse again: `allowed` counts the refusals that were taken back, null
-- where nothing was allowed. Processes of the version before write the type that they know.
ALTER TABLE publication ADD COLUMN refusals integer NOT NULL DEFAULT 0, ADD COLUMN allowed integer;
CREATE TYPE publication_stand_row AS (
    demand_id uuid,
    edition integer,
    title text,
    text text,
    answer text,
    reopenings integer,
    pieces text,
    released_at timestamptz,
    changed_at timestamptz,
    ground text,
    is_refused boolean,
    refusals integer,
    allowed integer
);

-- migrate:down

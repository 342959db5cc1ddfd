-- migrate:up

-- A citizen may agree after the submission, and refuse again: `allowed` counts the refusals that were taken back, null
-- where nothing was allowed. What waits with `needs_consent` waits only where they did. Processes of the version before
-- write the type that they know.
ALTER TABLE publication
    ADD COLUMN refusals integer NOT NULL DEFAULT 0,
    ADD COLUMN allowed integer,
    ADD COLUMN needs_consent boolean NOT NULL DEFAULT false,
    ALTER COLUMN proposal DROP NOT NULL;
CREATE TYPE publication_stand_row AS (
    demand_id uuid,
    jurisdiction text,
    unit text,
    edition integer,
    is_public boolean,
    title text,
    text text,
    answer text,
    is_refused boolean,
    refusals integer,
    allowed integer,
    proposed_at timestamptz,
    proposal text,
    needs_consent boolean
);

-- migrate:down

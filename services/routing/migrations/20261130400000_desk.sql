-- migrate:up

-- Times in states are written in UTC, so that reading them hangs on no setting.
CREATE FUNCTION moment(written text) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT written::timestamptz';

-- What lists are sorted by: people who need protection and great danger first, then what is due first. What is paused,
-- and what has no due time, comes last.
ALTER TABLE demand
    ADD COLUMN rank smallint GENERATED ALWAYS AS
        (CASE WHEN state ? 'vulnerable' OR state ->> 'urgency' = 'critical' THEN 0 ELSE 1 END) STORED,
    ADD COLUMN work_due_at timestamptz GENERATED ALWAYS AS
        (coalesce(CASE WHEN NOT state ? 'paused_at' THEN moment(state ->> 'due_at') END, '9999-01-01 00:00Z')) STORED,
    ADD COLUMN parent uuid GENERATED ALWAYS AS ((state ->> 'parent')::uuid) STORED;

DROP INDEX demand_work;
CREATE INDEX demand_work ON demand (unit, rank, work_due_at, id)
    WHERE status IN ('routed', 'accepted', 'in_progress', 'listed');
CREATE INDEX demand_parent ON demand (parent) WHERE status = 'merged';
CREATE INDEX demand_extension ON demand ((state -> 'extension' ->> 'decider')) WHERE state ? 'extension';

-- What citizens added to a demand that its unit has, counted for the marks in its lists.
CREATE TABLE attention (
    demand_id uuid PRIMARY KEY,
    urges integer NOT NULL,
    supports integer NOT NULL,
    words_at timestamptz
);
CREATE TYPE attention_row AS (demand_id uuid, urges integer, supports integer, words_at timestamptz);

-- A demand that was merged goes the way of its parent; its timer carries what the parent was told.
CREATE TYPE parent_end_row AS (parent uuid, at timestamptz, payload text);

-- migrate:down

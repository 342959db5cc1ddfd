-- migrate:up

-- What a unit finished (已办), by the time of its answer or, without one, of its end. As with the other lists these are
-- columns: an index over `state` would get a new entry with each fact.
ALTER TABLE demand
    ADD COLUMN done_unit text GENERATED ALWAYS AS (CASE WHEN state ->> 'status' IN
        ('resolved', 'confirmed', 'closed', 'declined', 'withdrawn', 'merged') THEN state ->> 'unit' END) STORED,
    ADD COLUMN done_at timestamptz GENERATED ALWAYS AS (CASE WHEN state ->> 'status' IN
        ('resolved', 'confirmed', 'closed', 'declined', 'withdrawn', 'merged')
        THEN moment(coalesce(state ->> 'resolved_at', state ->> 'updated_at')) END) STORED;
CREATE INDEX demand_done ON demand (done_unit, done_at, id) WHERE done_unit IS NOT NULL;

-- migrate:down

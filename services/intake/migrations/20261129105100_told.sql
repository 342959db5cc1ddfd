-- migrate:up

-- What was said to the citizen of each demand on its way, as far as it has words: masked, and without who said it.
-- `unit` is the one that the demand lay with before.
CREATE TABLE demand_told (
    id uuid PRIMARY KEY,
    demand_id uuid NOT NULL,
    sequence integer NOT NULL,
    type text NOT NULL,
    unit text,
    said text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX demand_told_of_demand ON demand_told (demand_id, sequence);

CREATE TYPE demand_told_row AS (
    id uuid,
    demand_id uuid,
    sequence integer,
    type text,
    unit text,
    said text,
    at timestamptz
);

-- Of answers before this table the released summary is left.
INSERT INTO demand_told
SELECT step.id, step.demand_id, step.sequence, 'demand.resolved', listed.unit,
    json_build_object('summary', step.summary)::text, step.at
FROM demand_update AS step JOIN demand_listing AS listed ON listed.id = step.demand_id
WHERE step.status = 'resolved' AND step.summary <> '';

-- migrate:down

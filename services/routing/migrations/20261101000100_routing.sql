-- migrate:up

-- Routing's own copy of every demand, with what its lists are sorted and filtered by.
CREATE TABLE demand (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    state jsonb NOT NULL,
    number text GENERATED ALWAYS AS (state ->> 'number') STORED,
    status text GENERATED ALWAYS AS (state ->> 'status') STORED,
    unit text GENERATED ALWAYS AS (state ->> 'unit') STORED
);
CREATE UNIQUE INDEX demand_number ON demand (number);
CREATE INDEX demand_work ON demand (unit, id) WHERE status IN ('routed', 'accepted', 'in_progress', 'listed');
CREATE INDEX demand_triage ON demand (id) WHERE status = 'triage';

-- What the citizen wrote, masked, for the unit that works on it.
CREATE TABLE wording (
    demand_id uuid PRIMARY KEY,
    text text NOT NULL
);

-- migrate:down

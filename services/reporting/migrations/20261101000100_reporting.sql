-- migrate:up

-- One row a demand: its state after the last fact heard, with what figures are opened by.
CREATE TABLE demand_facts (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    state jsonb NOT NULL,
    number text GENERATED ALWAYS AS (state ->> 'number') STORED,
    jurisdiction text GENERATED ALWAYS AS (state ->> 'jurisdiction') STORED,
    status text GENERATED ALWAYS AS (state ->> 'status') STORED,
    -- RFC 3339 UTC text sorts as time does; a cast to timestamptz would not be immutable.
    submitted_at text GENERATED ALWAYS AS (state ->> 'submitted_at') STORED,
    due_at text GENERATED ALWAYS AS (state ->> 'due_at') STORED
);
CREATE UNIQUE INDEX demand_facts_number ON demand_facts (number);
CREATE INDEX demand_facts_time ON demand_facts (jurisdiction, submitted_at, id);
CREATE INDEX demand_facts_open ON demand_facts (jurisdiction, due_at)
    WHERE status IN ('submitted', 'triage', 'routed', 'accepted', 'returned', 'in_progress', 'listed', 'reopened');

-- Every fact that was heard, so that a figure can be opened down to what was said.
CREATE TABLE fact (
    id uuid PRIMARY KEY,
    demand_id uuid NOT NULL,
    sequence integer,
    type text NOT NULL,
    source text NOT NULL,
    time timestamptz NOT NULL,
    body text NOT NULL
);
CREATE INDEX fact_of_demand ON fact (demand_id, time, sequence);

-- How the demands of a month stand: folded as facts arrive, so that reading costs the same at any size.
CREATE TABLE cohort (
    jurisdiction text NOT NULL,
    month date NOT NULL,
    dimension text NOT NULL,
    key text NOT NULL,
    measure text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (jurisdiction, dimension, month, key, measure)
);

-- What each day changed: summed up to a day, it says how things stood on that evening.
CREATE TABLE flow (
    jurisdiction text NOT NULL,
    day date NOT NULL,
    dimension text NOT NULL,
    key text NOT NULL,
    measure text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (jurisdiction, dimension, day, key, measure)
);

-- migrate:down

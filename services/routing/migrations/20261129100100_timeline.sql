-- migrate:up

-- What other services told of a demand and its unit must read: what citizens added, their verdicts, failed messages.
-- What routing told itself is in the journal.
CREATE TABLE heard_fact (
    id uuid PRIMARY KEY,
    demand_id uuid NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    time timestamptz NOT NULL,
    sequence integer,
    payload text NOT NULL
);
CREATE INDEX heard_fact_demand ON heard_fact (demand_id);

-- Beside the words: where it is, and the files that came with it.
ALTER TABLE wording ADD COLUMN location jsonb, ADD COLUMN attachments text[];

CREATE INDEX demand_assisting ON demand USING gin ((state -> 'assisting'))
    WHERE status IN ('routed', 'accepted', 'in_progress', 'listed');

-- migrate:down

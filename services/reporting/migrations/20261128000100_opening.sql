-- migrate:up

-- The demands behind a figure of one village. Where a demand lies never changes, so that rows are still updated in
-- place; an index by unit or by what is owed would cost every routing and every answer a new entry in all of them.
ALTER TABLE demand_facts ADD COLUMN division text GENERATED ALWAYS AS (state ->> 'division') STORED;
CREATE INDEX demand_facts_division ON demand_facts (jurisdiction, division, submitted_at, id);

-- migrate:down

-- migrate:up

-- Open demands by when they are due: overdue ones are counted at the same cost at any size, and no index of
-- `demand_facts` changes with a status, so that PostgreSQL updates its rows in place.
CREATE TABLE owed (
    jurisdiction text NOT NULL,
    due_at timestamptz NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (jurisdiction, due_at)
);
INSERT INTO owed
SELECT jurisdiction, due_at::timestamptz, count(*) FROM demand_facts
WHERE due_at IS NOT NULL
    AND status IN ('submitted', 'triage', 'routed', 'accepted', 'returned', 'in_progress', 'listed', 'reopened')
GROUP BY 1, 2;
DROP INDEX demand_facts_open;
ALTER TABLE demand_facts DROP COLUMN due_at, SET (fillfactor = 60);

-- What was told of a demand, without its words: nobody reads them here. Deliveries are told apart by the ledger.
DROP INDEX fact_of_demand;
ALTER TABLE fact DROP COLUMN body, DROP CONSTRAINT fact_pkey, ADD PRIMARY KEY (demand_id, id);

-- Few rows that change with every batch.
ALTER TABLE cohort SET (fillfactor = 70);
ALTER TABLE flow SET (fillfactor = 70);
ALTER TABLE owed SET (fillfactor = 70);

-- migrate:down

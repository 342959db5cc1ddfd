-- migrate:up
-- An erasure removes who spoke of a demand, under the demand's lock.
CREATE INDEX conversation_of_demand ON conversation (demand_id);

-- migrate:down
DROP INDEX conversation_of_demand;

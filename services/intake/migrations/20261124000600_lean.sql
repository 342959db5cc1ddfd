-- migrate:up

-- Fewer indexes for a submission to write: most demands come without a reference, a number is looked up in
-- `submission`, the vault finds its boxes through the index that keeps them apart, and `vault_key_master` never served
-- the question for keys under any other master.
ALTER TABLE submission DROP CONSTRAINT submission_channel_external_id_key;
CREATE UNIQUE INDEX submission_reference ON submission (channel, external_id) WHERE external_id IS NOT NULL;

ALTER TABLE demand_listing DROP CONSTRAINT demand_listing_number_key;

DROP INDEX vault_key_master, vault_of_demand, vault_one_of_a_kind;
CREATE UNIQUE INDEX vault_of_demand ON vault (demand_id, holds, (CASE WHEN holds = 'voice' THEN id END))
    NULLS NOT DISTINCT;

-- A hundred submissions share one sorted insertion; until then a search reads eight pages more.
ALTER INDEX likeness_bigrams SET (fastupdate = on, gin_pending_list_limit = 64);

-- migrate:down

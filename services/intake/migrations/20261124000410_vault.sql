-- migrate:up

-- One key for each demand, whatever is sealed with it: destroying one row erases the person. `id` is what the wrapped
-- key is bound to: the demand, and for keys of before this migration the contact's reference. `master` names the
-- master key that wraps it. After erasure the row stays, to say when, by whom and why.
ALTER TABLE vault_key
    ADD COLUMN demand_id uuid,
    ADD COLUMN master text NOT NULL DEFAULT '',
    ADD COLUMN destroyed_by text,
    ADD COLUMN destroyed_why text,
    ALTER COLUMN wrapped DROP NOT NULL,
    ADD CONSTRAINT vault_key_is_kept_or_destroyed CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL));
UPDATE vault_key SET demand_id = vault.demand_id FROM vault WHERE vault.id = vault_key.id;
ALTER TABLE vault_key
    ALTER COLUMN demand_id SET NOT NULL,
    ADD CONSTRAINT vault_key_one_a_demand UNIQUE (demand_id);
CREATE INDEX vault_key_master ON vault_key (master) WHERE wrapped IS NOT NULL;

ALTER TABLE vault
    DROP CONSTRAINT vault_id_fkey,
    ADD COLUMN holds text NOT NULL DEFAULT 'contact' CHECK (holds IN ('contact', 'wording', 'voice')),
    ADD CONSTRAINT vault_has_a_key FOREIGN KEY (demand_id) REFERENCES vault_key (demand_id);
CREATE UNIQUE INDEX vault_one_of_a_kind ON vault (demand_id, holds) WHERE holds <> 'voice';
CREATE INDEX vault_of_demand ON vault (demand_id);

-- migrate:down

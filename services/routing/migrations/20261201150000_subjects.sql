-- migrate:up

-- The issuer's own id of the person (`sub`): two people of one name in one unit are told apart by it.
ALTER TABLE staff_session ADD COLUMN subject text;

-- migrate:down

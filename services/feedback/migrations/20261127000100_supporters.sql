-- migrate:up

-- Whoever supports a demand is answered on the channel that they came by, which need not be the demand's.
ALTER TABLE notification ADD COLUMN channel_kind text;

-- migrate:down

-- migrate:up

-- How a channel's gateway speaks; what is secret lies apart, sealed under the vault's master key.
ALTER TABLE channel
    ADD COLUMN settings jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN secrets_key bytea,
    ADD COLUMN secrets bytea;
CREATE UNIQUE INDEX channel_mailbox ON channel ((settings ->> 'mailbox')) WHERE revoked_at IS NULL;

-- The demand that a sender spoke of last; who it is cannot be told from the keyed hash.
CREATE TABLE conversation (
    channel text NOT NULL,
    sender bytea NOT NULL,
    demand_id uuid NOT NULL,
    said_at timestamptz NOT NULL,
    PRIMARY KEY (channel, sender)
);

-- A live broadcast during which operators take demands in.
CREATE TABLE programme (
    id uuid PRIMARY KEY,
    channel text NOT NULL,
    idempotency_key text NOT NULL,
    title text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    UNIQUE (channel, idempotency_key)
);
CREATE INDEX programme_of_channel ON programme (channel, id);
ALTER TABLE submission ADD COLUMN programme uuid REFERENCES programme (id);
CREATE INDEX submission_of_programme ON submission (programme, id) WHERE programme IS NOT NULL;

-- migrate:down

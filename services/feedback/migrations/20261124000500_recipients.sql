-- migrate:up

-- A claim is given back by itself when `due_at` has come; only from 'sending' on can nobody know whether it was sent.
ALTER TABLE notification DROP CONSTRAINT notification_state_check;
ALTER TABLE notification ADD CONSTRAINT notification_state_check
    CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'unknown', 'skipped'));
ALTER TABLE notification
    ADD COLUMN position bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN due_at timestamptz NOT NULL DEFAULT now();
DROP INDEX notification_to_send;
CREATE INDEX notification_to_send ON notification (position) WHERE state = 'pending';

-- migrate:down

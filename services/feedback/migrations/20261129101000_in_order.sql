-- migrate:up

-- One sender at a time works through the queue, so that messages stay in order. A lease that is not renewed passes on.
CREATE TABLE sender_lease (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    holder uuid NOT NULL,
    until timestamptz NOT NULL
);

-- Why a pending message waits, and a keyed hash of its address while it does: nobody can read an address from it.
ALTER TABLE notification
    ADD COLUMN waits text CHECK (waits IN ('intake', 'earlier', 'hourly-limit')),
    ADD COLUMN recipient bytea;
ALTER TABLE notification DROP CONSTRAINT notification_state_check;
ALTER TABLE notification ADD CONSTRAINT notification_state_check
    CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'unknown', 'skipped', 'merged'));
CREATE INDEX notification_of_a_person ON notification (demand_id, contact, position)
    WHERE state IN ('pending', 'sending');
CREATE INDEX notification_to_an_address ON notification (recipient, position)
    WHERE recipient IS NOT NULL AND state IN ('pending', 'sending');

-- Which address (a keyed hash) was written to within the last hour; older rows are pruned.
CREATE TABLE reached (
    message_id uuid PRIMARY KEY,
    recipient bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reached_lately ON reached (recipient, at DESC);
CREATE INDEX reached_spent ON reached (at);

-- migrate:down

-- migrate:up

-- What people wrote to a number that is bound by SMPP, so that what the message centre sends again is known again: a
-- keyed hash of sender and words, no words. `taken_at`: intake has it.
CREATE TABLE inbound_text (
    id uuid PRIMARY KEY,
    gateway text NOT NULL,
    digest bytea NOT NULL,
    bind uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    taken_at timestamptz
);
CREATE INDEX inbound_text_again ON inbound_text (gateway, digest, received_at DESC);
CREATE INDEX inbound_text_spent ON inbound_text (received_at);

-- migrate:down

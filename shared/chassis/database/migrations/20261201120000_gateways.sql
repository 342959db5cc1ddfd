-- migrate:up

-- Through which gateway an intent leaves, how that gateway calls it, and how often it was not taken for its own sake.
-- 'delivered': the gateway reported that it arrived. 'cancelled': a person decided that it is not sent.
ALTER TABLE intent
    ADD COLUMN via text,
    ADD COLUMN reference text,
    ADD COLUMN failures integer NOT NULL DEFAULT 0;
ALTER TABLE intent DROP CONSTRAINT intent_state_check;
ALTER TABLE intent ADD CONSTRAINT intent_state_check CHECK (
    state IN ('pending', 'sending', 'sent', 'delivered', 'failed', 'unknown', 'skipped', 'merged', 'cancelled')
);
-- A report may name an intent by the gateway's own reference.
CREATE INDEX intent_by_reference ON intent (via, reference) WHERE reference IS NOT NULL;
-- What a person has to look at.
CREATE INDEX intent_not_sent ON intent (kind, state, created_at) WHERE state IN ('failed', 'unknown');

-- Gateways that are given nothing for the moment, and why; for people to see, the sender remembers it by itself.
CREATE TABLE gateway_circuit (
    gateway text PRIMARY KEY,
    opened_at timestamptz NOT NULL DEFAULT now(),
    tried_again_at timestamptz NOT NULL,
    cause text NOT NULL
);

-- migrate:down

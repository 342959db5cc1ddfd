-- migrate:up

-- Feedback's own copy of every demand.
CREATE TABLE demand (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    state jsonb NOT NULL
);

-- What citizens are to be told: the intent is written with the fact, the sending is recorded after it.
CREATE TABLE notification (
    id uuid PRIMARY KEY,
    demand_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    contact uuid,
    template text NOT NULL,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'unknown')),
    attempts integer NOT NULL DEFAULT 0,
    cause text,
    created_at timestamptz NOT NULL DEFAULT now(),
    claimed_at timestamptz,
    finished_at timestamptz,
    UNIQUE (demand_id, fact_id, template)
);
CREATE INDEX notification_to_send ON notification (created_at) WHERE state = 'pending';

-- When a demand that nobody rates is closed.
CREATE TABLE closing (
    demand_id uuid PRIMARY KEY,
    due_at timestamptz NOT NULL
);
CREATE INDEX closing_due ON closing (due_at);

-- migrate:down

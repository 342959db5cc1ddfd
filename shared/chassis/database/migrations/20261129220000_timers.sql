-- migrate:up

-- What is to happen to an aggregate at a moment. `at` is when it was planned for; `due_at` is when it is tried next,
-- which is later after a failure. Of a kind without names there is one timer for a key: to plan it again moves it.
CREATE TABLE timer (
    kind text NOT NULL,
    key uuid NOT NULL,
    name text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    cause text,
    PRIMARY KEY (kind, key, name)
);
CREATE INDEX timer_due ON timer (due_at);

CREATE TYPE timer_row AS (kind text, key uuid, name text, at timestamptz, payload jsonb);

-- migrate:down

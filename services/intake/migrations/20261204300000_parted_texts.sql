-- migrate:up

-- A long text message whose parts arrive one by one. `thread` is a keyed hash of the channel, the sender, the reference
-- and the number of parts; references are used again, so that one thread may have several messages, the last of which
-- counts. Until `taken_at` the words and the sender are sealed under a key that the vault's master wraps; afterwards
-- only the reply is. `due_at` is when a worker looks after it: at first the time limit, then the next attempt.
CREATE TABLE parted_text (
    id uuid PRIMARY KEY,
    channel text NOT NULL,
    thread bytea NOT NULL,
    total smallint NOT NULL,
    wrapped bytea NOT NULL,
    sender bytea,
    begun_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    closed_at timestamptz,
    taken_at timestamptz,
    number text,
    reply bytea
);
CREATE INDEX parted_text_thread ON parted_text (thread, id);
CREATE INDEX parted_text_due ON parted_text (due_at) WHERE taken_at IS NULL;
CREATE INDEX parted_text_taken ON parted_text (taken_at) WHERE taken_at IS NOT NULL;
CREATE TABLE text_part (
    text_id uuid NOT NULL REFERENCES parted_text (id) ON DELETE CASCADE,
    number smallint NOT NULL,
    digest bytea NOT NULL,
    charset text NOT NULL,
    sealed bytea,
    PRIMARY KEY (text_id, number)
);

-- migrate:down

-- migrate:up

-- What was answered to a command, by its cause: a repetition changes nothing, and is answered the same. `content` is
-- the SHA-256 of what was asked, so that another command under the same key is refused.
CREATE TABLE command_answer (
    cause uuid PRIMARY KEY,
    content bytea NOT NULL,
    answer jsonb NOT NULL,
    answered_at timestamptz NOT NULL
);

-- migrate:down

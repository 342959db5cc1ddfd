-- migrate:up

-- What staff said under which key, and the answer: a repetition says nothing more, and is answered the same.
CREATE TABLE said (
    cause uuid PRIMARY KEY,
    command text NOT NULL,
    answer jsonb NOT NULL,
    said_at timestamptz NOT NULL
);

-- migrate:down

-- migrate:up

-- A mark of the secret on which citizens' codes and pseudonyms hang, made at the first start: another secret would
-- make every code that citizens hold worthless, so intake looks here before it says that it is ready.
CREATE TABLE lasting_secret (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    mark bytea NOT NULL
);

-- migrate:down

-- migrate:up

-- Tokens of staff that are worth nothing any more: one token (the SHA-256 of its signed part), or every token that a
-- person of a unit, or the whole unit, was given until `revoked_at`. Each service that believes such tokens looks into
-- its own table; `huying staff revoke` writes into all of them. A row is spent when no token can be so old.
CREATE TABLE staff_revocation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token text UNIQUE,
    unit text,
    name text,
    revoked_at timestamptz NOT NULL,
    CHECK ((token IS NULL) <> (unit IS NULL)),
    CHECK (name IS NULL OR unit IS NOT NULL)
);
CREATE INDEX staff_revocation_of_unit ON staff_revocation (unit, revoked_at) WHERE unit IS NOT NULL;

-- migrate:down

-- migrate:up

-- What was attached; the bytes lie in the store under `SHA-256/reference`. Neither the file's name nor anything else
-- of the file but its cleaned content is kept. The row is there before the bytes, so that no bytes are without a row.
CREATE TABLE attachment (
    reference text PRIMARY KEY,
    channel text NOT NULL,
    media_type text NOT NULL,
    suffix text NOT NULL,
    sha256 bytea NOT NULL,
    size bigint NOT NULL,
    scan text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    demand_id uuid,
    erased_at timestamptz
);
CREATE INDEX attachment_of_demand ON attachment (demand_id) WHERE demand_id IS NOT NULL;
CREATE INDEX attachment_unused ON attachment (uploaded_at) WHERE demand_id IS NULL;

-- migrate:down

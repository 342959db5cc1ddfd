-- migrate:up

-- Bytes that are to be erased and are still there; the sweep looks often.
CREATE INDEX attachment_to_erase ON attachment (uploaded_at) WHERE erased_at IS NOT NULL AND size > 0;

-- migrate:down

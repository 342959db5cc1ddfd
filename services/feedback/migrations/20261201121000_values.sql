-- migrate:up

-- A notice to supporters with what stands in it by name, for gateways that take the variables of an approved template.
CREATE TYPE supporter_told_row AS (
    demand_id uuid,
    fact_id uuid,
    template text,
    text text,
    channel_kind text,
    number text,
    jurisdiction text,
    values jsonb
);

-- migrate:down

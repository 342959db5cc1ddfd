-- migrate:up

-- How many refusals the citizens of demands took back when they agreed to publication; of several the highest.
CREATE TABLE agreement (
    demand_id uuid PRIMARY KEY,
    refusals integer NOT NULL
);

-- migrate:down

-- migrate:up

-- Who was sent a message about the demand that they raised: a keyed hash of the telephone or openid it went to. What
-- comes back from there is about that demand, whichever channel it was raised on. An erasure removes the rows.
CREATE TABLE correspondent (
    person bytea NOT NULL,
    demand_id uuid NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (person, demand_id)
);
CREATE INDEX correspondent_of_demand ON correspondent (demand_id);
CREATE INDEX correspondent_told_at ON correspondent (told_at);

-- migrate:down
DROP TABLE correspondent;

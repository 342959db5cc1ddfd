-- migrate:up

-- Who supports a demand, once for each telephone, e-mail or openid that was left: a keyed hash that is bound to the demand,
-- so that it tells neither who it is nor what else they support. `note` and `at` are what was answered first; of whoever
-- raised the demand no note is told. An erasure removes the rows.
CREATE TABLE supporter (
    demand_id uuid NOT NULL,
    person bytea NOT NULL,
    note uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (demand_id, person)
);

-- How many supports without anything that tells people apart came by a channel since a moment.
CREATE TABLE nameless_support (
    demand_id uuid NOT NULL,
    channel text NOT NULL,
    supports integer NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (demand_id, channel)
);
CREATE INDEX nameless_support_since ON nameless_support (since);

-- migrate:down

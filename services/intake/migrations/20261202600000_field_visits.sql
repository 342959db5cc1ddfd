-- migrate:up

-- Visits of staff to villages (驻点走访) and what was booked on each. A visit's id is made on the device that begins it,
-- perhaps without a network. There is nothing of citizens here: their demands have it.
CREATE TABLE field_visit (
    id uuid PRIMARY KEY,
    unit text NOT NULL,
    person text NOT NULL,
    jurisdiction text NOT NULL,
    division text NOT NULL,
    held_on date NOT NULL,
    members text NOT NULL,
    households integer,
    begun_at timestamptz NOT NULL
);
CREATE INDEX field_visit_of_unit ON field_visit (unit, held_on DESC, begun_at DESC);

CREATE TABLE field_demand (
    demand_id uuid PRIMARY KEY,
    visit uuid NOT NULL REFERENCES field_visit (id),
    number text NOT NULL,
    on_the_spot boolean NOT NULL,
    booked_at timestamptz NOT NULL
);
CREATE INDEX field_demand_of_visit ON field_demand (visit, booked_at);

-- migrate:down

-- migrate:up

-- What was submitted and cannot be found among similar demands yet. The worker takes it from here, many at once: pairs of
-- characters and their index cost a submission a seventh of its time, and nobody looks for it within the next second.
CREATE TABLE likeness_due (
    id uuid NOT NULL
);

-- migrate:down

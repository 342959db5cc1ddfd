-- migrate:up

-- Citizens whose answer waits for a verdict: from when they are to be called (NULL: not, or not any more), how often they
-- were called in vain, and who calls now. A row stays until the answer is judged or the demand goes on, so there are as
-- many as there are answers that wait. What was answered before the update has none.
CREATE TABLE call_back (
    demand_id uuid PRIMARY KEY,
    jurisdiction text NOT NULL,
    judged integer NOT NULL,
    had_part text[] NOT NULL,
    call_at timestamptz,
    due_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    not_reached text,
    tried_at timestamptz,
    caller text,
    caller_unit text,
    caller_subject text,
    since timestamptz,
    held_until timestamptz
);
CREATE INDEX call_back_waiting ON call_back (jurisdiction, call_at, demand_id) WHERE call_at IS NOT NULL;

CREATE TYPE call_back_row AS (
    demand_id uuid,
    jurisdiction text,
    judged integer,
    had_part text[],
    call_at timestamptz,
    due_at timestamptz
);
CREATE TYPE call_in_vain_row AS (
    demand_id uuid,
    jurisdiction text,
    judged integer,
    had_part text[],
    call_at timestamptz,
    due_at timestamptz,
    attempts integer,
    not_reached text,
    tried_at timestamptz
);

-- migrate:down

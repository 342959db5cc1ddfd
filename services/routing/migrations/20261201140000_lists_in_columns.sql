-- migrate:up

-- Whatever a list of a desk is chosen by is a column, and its index names columns alone. So a step that moves a case to
-- no other list (the citizen was called, work goes on) is written in place and touches no index; an index over `state`
-- would get a new entry with each fact. What is sorted by comes first in each: `rank`, `work_due_at`, `id`.
DROP INDEX demand_work, demand_work_by_age, demand_unsigned, demand_of_handler, demand_reopened, demand_returned,
    demand_paused, demand_triage, demand_triage_by_due, demand_alike, demand_parent, demand_extension, demand_assisting;

-- What citizens added since lies with the demand, so that a list by it has an index too.
ALTER TABLE demand
    ADD COLUMN urges integer NOT NULL DEFAULT 0,
    ADD COLUMN supports integer NOT NULL DEFAULT 0,
    ADD COLUMN words_at timestamptz,
    ADD COLUMN escalated_to text;
LOCK TABLE attention IN ACCESS EXCLUSIVE MODE;
UPDATE demand SET urges = known.urges, supports = known.supports, words_at = known.words_at,
    escalated_to = known.escalated_to
FROM attention AS known WHERE known.demand_id = demand.id;

-- `open_unit` is the unit of an open case, `triage_in` the jurisdiction of one that waits for a dispatcher,
-- `extension_decider` the unit that decides an extension.
ALTER TABLE demand
    ADD COLUMN open_unit text GENERATED ALWAYS AS (CASE WHEN state ->> 'status' IN
        ('routed', 'accepted', 'in_progress', 'listed') THEN state ->> 'unit' END) STORED,
    ADD COLUMN triage_in text GENERATED ALWAYS AS
        (CASE WHEN state ->> 'status' = 'triage' THEN state ->> 'jurisdiction' END) STORED,
    ADD COLUMN extension_decider text GENERATED ALWAYS AS (state -> 'extension' ->> 'decider') STORED,
    ADD COLUMN handler text GENERATED ALWAYS AS (state ->> 'handler') STORED,
    ADD COLUMN category text GENERATED ALWAYS AS (state ->> 'category') STORED,
    ADD COLUMN division text GENERATED ALWAYS AS (state ->> 'division') STORED,
    ADD COLUMN is_unsigned boolean GENERATED ALWAYS AS (state ->> 'status' = 'routed') STORED,
    ADD COLUMN is_returned boolean GENERATED ALWAYS AS
        (state ->> 'status' = 'routed' AND state ? 'returns') STORED,
    ADD COLUMN is_reopened boolean GENERATED ALWAYS AS (state ? 'reopenings') STORED,
    ADD COLUMN is_paused boolean GENERATED ALWAYS AS (state ? 'paused_at') STORED,
    ADD COLUMN is_urged boolean GENERATED ALWAYS AS (urges > 0) STORED,
    ADD COLUMN has_new_words boolean NOT NULL GENERATED ALWAYS AS
        (coalesce(words_at > moment(state ->> 'updated_at'), false)) STORED;

CREATE INDEX demand_open ON demand (open_unit, rank, work_due_at, id) WHERE open_unit IS NOT NULL;
CREATE INDEX demand_open_by_age ON demand (open_unit, id) WHERE open_unit IS NOT NULL;
CREATE INDEX demand_of_handler ON demand (open_unit, handler, rank, work_due_at, id)
    WHERE open_unit IS NOT NULL AND handler IS NOT NULL;
CREATE INDEX demand_unsigned ON demand (open_unit, rank, work_due_at, id) WHERE open_unit IS NOT NULL AND is_unsigned;
CREATE INDEX demand_returned ON demand (open_unit, rank, work_due_at, id) WHERE open_unit IS NOT NULL AND is_returned;
CREATE INDEX demand_reopened ON demand (open_unit, rank, work_due_at, id) WHERE open_unit IS NOT NULL AND is_reopened;
CREATE INDEX demand_paused ON demand (open_unit, rank, work_due_at, id) WHERE open_unit IS NOT NULL AND is_paused;
CREATE INDEX demand_urged ON demand (open_unit, rank, work_due_at, id) WHERE open_unit IS NOT NULL AND is_urged;
CREATE INDEX demand_new_words ON demand (open_unit, rank, work_due_at, id)
    WHERE open_unit IS NOT NULL AND has_new_words;
CREATE INDEX demand_escalated ON demand (escalated_to, rank, work_due_at, id)
    WHERE open_unit IS NOT NULL AND escalated_to IS NOT NULL;
CREATE INDEX demand_to_decide ON demand (extension_decider, rank, work_due_at, id) WHERE extension_decider IS NOT NULL;
CREATE INDEX demand_triage ON demand (triage_in, rank, work_due_at, id) WHERE triage_in IS NOT NULL;
CREATE INDEX demand_triage_by_age ON demand (triage_in, id) WHERE triage_in IS NOT NULL;
CREATE INDEX demand_alike ON demand (open_unit, category, division, id) WHERE open_unit IS NOT NULL;
CREATE INDEX demand_parent ON demand (parent) WHERE parent IS NOT NULL;
-- Room for a version of a row beside it, without which nothing is written in place.
ALTER TABLE demand SET (fillfactor = 85);

-- Open cases by the units that assist. PostgreSQL keeps it, as it keeps the columns above: whoever writes a state, also
-- a process of the version before, leaves the list right.
CREATE TABLE assisting_case (
    unit text NOT NULL,
    rank smallint NOT NULL,
    work_due_at timestamptz NOT NULL,
    demand_id uuid NOT NULL,
    PRIMARY KEY (unit, rank, work_due_at, demand_id)
);
CREATE FUNCTION assisting_cases_appear() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO assisting_case (unit, rank, work_due_at, demand_id)
    SELECT DISTINCT helper.unit, rank, work_due_at, id
    FROM fresh CROSS JOIN jsonb_array_elements_text(state -> 'assisting') AS helper (unit)
    WHERE open_unit IS NOT NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION assisting_cases_move() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM before WHERE state ? 'assisting' UNION ALL SELECT FROM moved WHERE state ? 'assisting')
    THEN
        RETURN NULL;
    END IF;
    WITH was AS (
        SELECT helper.unit, rank, work_due_at, id
        FROM before CROSS JOIN jsonb_array_elements_text(state -> 'assisting') AS helper (unit)
        WHERE open_unit IS NOT NULL
    ), becomes AS (
        SELECT helper.unit, rank, work_due_at, id
        FROM moved CROSS JOIN jsonb_array_elements_text(state -> 'assisting') AS helper (unit)
        WHERE open_unit IS NOT NULL
    ), gone AS (
        DELETE FROM assisting_case AS listed USING (SELECT * FROM was EXCEPT SELECT * FROM becomes) AS left_behind
        WHERE (listed.unit, listed.rank, listed.work_due_at, listed.demand_id)
            = (left_behind.unit, left_behind.rank, left_behind.work_due_at, left_behind.id)
    )
    INSERT INTO assisting_case (unit, rank, work_due_at, demand_id)
    SELECT unit, rank, work_due_at, id FROM (SELECT * FROM becomes EXCEPT SELECT * FROM was) AS arrived;
    RETURN NULL;
END $$;
CREATE TRIGGER assisting_cases_appear AFTER INSERT ON demand REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION assisting_cases_appear();
CREATE TRIGGER assisting_cases_move AFTER UPDATE ON demand REFERENCING OLD TABLE AS before NEW TABLE AS moved
    FOR EACH STATEMENT EXECUTE FUNCTION assisting_cases_move();
INSERT INTO assisting_case (unit, rank, work_due_at, demand_id)
SELECT DISTINCT helper.unit, rank, work_due_at, id
FROM demand CROSS JOIN jsonb_array_elements_text(state -> 'assisting') AS helper (unit) WHERE open_unit IS NOT NULL;

-- How units stood when routing's worker last counted: the overview of many units reads this.
CREATE TABLE unit_load (
    unit text PRIMARY KEY,
    jurisdiction text NOT NULL,
    open integer NOT NULL,
    overdue integer NOT NULL,
    due_soon integer NOT NULL,
    unsigned integer NOT NULL,
    reopened integer NOT NULL,
    paused integer NOT NULL,
    oldest_due timestamptz,
    counted_at timestamptz NOT NULL
);

-- Workers of the version before may still write marks during an update: they are added to the demand too. A later
-- version drops the table.
CREATE FUNCTION attention_is_of_a_demand() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    before attention;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        before := OLD;
    END IF;
    UPDATE demand SET urges = urges + NEW.urges - coalesce(before.urges, 0),
        supports = supports + NEW.supports - coalesce(before.supports, 0),
        words_at = greatest(words_at, NEW.words_at), escalated_to = coalesce(NEW.escalated_to, escalated_to)
    WHERE id = NEW.demand_id;
    RETURN NULL;
END $$;
CREATE TRIGGER attention_is_of_a_demand AFTER INSERT OR UPDATE ON attention
    FOR EACH ROW EXECUTE FUNCTION attention_is_of_a_demand();

-- migrate:down

-- migrate:up

-- What `cohort` and `flow` have come to: the projector adds to those two, and every few seconds their rows are moved
-- here, by the month and for ever, by the day, the month and the year. A figure adds up a few periods and what has
-- not been moved yet, however many demands and years there are. Nothing is in both places: a row is moved in one statement.
CREATE TABLE cohort_sum (
    jurisdiction text NOT NULL,
    level text NOT NULL,
    period date NOT NULL,
    dimension text NOT NULL,
    key text NOT NULL,
    measure text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (jurisdiction, dimension, level, period, key, measure)
) WITH (fillfactor = 70);
CREATE TABLE flow_sum (LIKE cohort_sum INCLUDING ALL) WITH (fillfactor = 70);

CREATE VIEW cohort_whole AS
SELECT jurisdiction, month, dimension, key, measure, n FROM cohort
UNION ALL SELECT jurisdiction, period, dimension, key, measure, n FROM cohort_sum WHERE level = 'month';
CREATE VIEW flow_whole AS
SELECT jurisdiction, day, dimension, key, measure, n FROM flow
UNION ALL SELECT jurisdiction, period, dimension, key, measure, n FROM flow_sum WHERE level = 'day';

-- migrate:down

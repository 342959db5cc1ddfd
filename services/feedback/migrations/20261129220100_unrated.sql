-- migrate:up

-- Closings that were planned so far.
INSERT INTO timer (kind, key, at, due_at) SELECT 'unrated', demand_id, due_at, due_at FROM closing;
DROP TABLE closing;

-- migrate:down

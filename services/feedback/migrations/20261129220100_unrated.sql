-- migrate:up

-- Closings are timers of the kind "unrated". Workers of the version before may still write during an update: what they
-- plan and forget is done to the timers too. A later version drops the table.
CREATE FUNCTION closing_is_a_timer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM timer WHERE kind = 'unrated' AND key = OLD.demand_id AND at = OLD.due_at;
        RETURN OLD;
    END IF;
    INSERT INTO timer (kind, key, at, due_at) VALUES ('unrated', NEW.demand_id, NEW.due_at, NEW.due_at)
    ON CONFLICT (kind, key, name) DO UPDATE SET
        at = excluded.at, due_at = excluded.due_at, attempts = 0, cause = NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER closing_is_a_timer AFTER INSERT OR UPDATE OR DELETE ON closing
    FOR EACH ROW EXECUTE FUNCTION closing_is_a_timer();
INSERT INTO timer (kind, key, at, due_at) SELECT 'unrated', demand_id, due_at, due_at FROM closing;

-- migrate:down

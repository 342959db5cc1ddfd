-- migrate:up

-- Undoes a statement that wrote another number of rows than it had to: somebody else was first.
CREATE FUNCTION exactly(written bigint, wanted bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF written <> wanted THEN
        RAISE serialization_failure USING message = format('%s rows to write, %s written', wanted, written);
    END IF;
    RETURN written;
END $$;

-- migrate:down

-- migrate:up

-- Answers to staff lie in the table of the chassis from now on. `said` stays until the next version, for processes of
-- the version before.
INSERT INTO command_answer (cause, content, answer, answered_at)
SELECT cause, sha256(convert_to(command, 'UTF8')), answer, said_at FROM said;

-- migrate:down

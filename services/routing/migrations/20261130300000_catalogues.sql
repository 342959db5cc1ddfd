-- migrate:up

-- Versions of the dispatch catalogue. The name of a version is made of its content, so the same rules are one version.
-- `content` is the YAML as it was handed in; `origin` says whether a person handed it in or a pack's file holds it.
CREATE TABLE catalogue_version (
    jurisdiction text NOT NULL,
    version text NOT NULL,
    content text NOT NULL,
    origin text NOT NULL CHECK (origin IN ('draft', 'file')),
    note text NOT NULL DEFAULT '',
    made_by text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    findings jsonb,
    rehearsal jsonb,
    PRIMARY KEY (jurisdiction, version)
);

-- From when a version is in force. Of several, the one with the latest moment is, and of these the last one told.
CREATE TABLE catalogue_publication (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction text NOT NULL,
    version text NOT NULL,
    in_force_from timestamptz NOT NULL,
    is_rollback boolean NOT NULL,
    cancelled_at timestamptz,
    FOREIGN KEY (jurisdiction, version) REFERENCES catalogue_version
);
CREATE INDEX catalogue_publication_in_force ON catalogue_publication (jurisdiction, in_force_from);

-- Who did what with a version, and when; nothing is removed from here.
CREATE TABLE catalogue_action (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction text NOT NULL,
    version text NOT NULL,
    action text NOT NULL,
    unit text NOT NULL,
    name text NOT NULL,
    at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    in_force_from timestamptz
);
CREATE INDEX catalogue_action_of_a_version ON catalogue_action (jurisdiction, version);

-- migrate:down

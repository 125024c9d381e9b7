-- +goose Up
-- One partition a day (UTC), made by the program: see partitions.go. The order
-- of texts is that of their bytes, as it is in the other databases.
CREATE TABLE observations (
    cluster          TEXT NOT NULL,
    uid              TEXT COLLATE "C" NOT NULL,
    resource_version TEXT COLLATE "C" NOT NULL,
    deleted          BOOLEAN NOT NULL,
    resource         TEXT NOT NULL,
    namespace        TEXT NOT NULL,
    name             TEXT NOT NULL,
    of_uid           TEXT NOT NULL,
    observed         TIMESTAMPTZ NOT NULL,
    object           BYTEA NOT NULL -- zstd
) PARTITION BY RANGE (observed);
ALTER TABLE observations ALTER COLUMN object SET STORAGE EXTERNAL; -- compressed as it is
CREATE INDEX observations_by_time ON observations (cluster, observed, uid, resource_version, deleted);
CREATE INDEX observations_by_object ON observations (of_uid, observed);

-- +goose Up
CREATE TABLE positions (
    cluster          TEXT NOT NULL,
    resource         TEXT NOT NULL,
    namespace        TEXT NOT NULL,
    resource_version TEXT NOT NULL,
    reached          TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (cluster, resource, namespace)
);

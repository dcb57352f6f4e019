-- +goose Up

-- The login role by which a replica reaches the database, once it has no connection of
-- another one left: a former login ends when every replica has the new one.
ALTER TABLE replica ADD COLUMN login text NOT NULL DEFAULT '';

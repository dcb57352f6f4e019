-- +goose NO TRANSACTION
-- +goose Up

-- Indexes on tables that may be large already, made while they are read and written. They
-- wait for transactions that are older, and hold up nobody meanwhile. What was done stays
-- done when this fails midway, so each statement may find its work done.
SET lock_timeout TO 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS account_by_profile ON account (account_profile, id) WHERE account_profile IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS account_by_pin ON account (my_account_profile, id) WHERE my_account_profile IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS account_changed ON account (updated_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS invoice_by_account ON invoice (account_id, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS invoice_changed ON invoice (updated_at, id);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS contact_by_account ON contact (account_id, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS contact_changed ON contact (updated_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS contact_email ON contact (lower(email), id);
DROP INDEX CONCURRENTLY IF EXISTS contact_account;

-- It needs one of them.
SET lock_timeout TO '1s';
ALTER TABLE ticket
    DROP CONSTRAINT IF EXISTS ticket_contact_fkey,
    ADD CONSTRAINT ticket_contact_fkey FOREIGN KEY (account_id, contact_id) REFERENCES contact (account_id, id);

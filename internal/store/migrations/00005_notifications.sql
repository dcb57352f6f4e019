-- +goose Up

-- Notifications: one message of one action to one recipient each. The row is the job as
-- well: it says what is left to do. id is a UUID of version 7, whose time is when it was
-- planned, so months of ids are months of notifications. Nobody has written any before.
--
-- Planned and Retry wait for turn_at, or are with a worker: then there is a lease. Held waits
-- for the delivery mode, Uncertain for staff. Sent, Dead, Suppressed and Cancelled are ends.
-- turn_at is the place in the queue: due_at, and later for what an account has more than
-- others at that moment. What is sent is kept in subject and body, but not where it is about
-- signing in. Texts that indexes are made of are compared byte by byte, here and in
-- occurrence: by the rules of a language it takes much longer.
DROP TABLE notification;
CREATE TABLE notification (
    id              uuid        PRIMARY KEY,
    account_id      text COLLATE "C" NOT NULL DEFAULT '',
    contact_id      text COLLATE "C" NOT NULL DEFAULT '',
    event_type      text        NOT NULL,
    event_position  bigint      NOT NULL DEFAULT 0, -- in the feed; 0: of a dated event
    event_id        text        NOT NULL DEFAULT '',
    about           text        NOT NULL DEFAULT '', -- what the event is about, as the id of an invoice
    occurrence      text        NOT NULL,            -- the event's id, or the day of a dated event
    category        text        NOT NULL CHECK (category IN ('General', 'Invoice', 'Product', 'Support', 'Security')),
    source          text        NOT NULL CHECK (source IN ('EventTemplate', 'Standard')),
    template        text        NOT NULL DEFAULT '', -- of source EventTemplate
    action          text        NOT NULL,
    channel         text COLLATE "C" NOT NULL CHECK (channel IN ('Email', 'SMS', 'Webhook', 'Banner', 'Log')),
    address         text        NOT NULL DEFAULT '',
    cc              text[]      NOT NULL DEFAULT '{}',
    bcc             text[]      NOT NULL DEFAULT '{}',
    redirected_to   text        NOT NULL DEFAULT '',
    locale          text        NOT NULL DEFAULT '',
    settings_digest text        NOT NULL DEFAULT '',
    routing_digest  text        NOT NULL DEFAULT '',
    suite           text        NOT NULL DEFAULT '', -- the version of the standard suite
    state           text COLLATE "C" NOT NULL CHECK (state IN ('Planned', 'Held', 'Retry', 'Uncertain', 'Sent', 'Dead', 'Suppressed', 'Cancelled')),
    lane            smallint    NOT NULL DEFAULT 1, -- 0: about signing in, which does not wait for others
    due_at          timestamptz NOT NULL,
    turn_at         timestamptz NOT NULL,
    attempts        smallint    NOT NULL DEFAULT 0,
    spared          smallint    NOT NULL DEFAULT 0, -- attempts before staff had it tried again
    reason          text        NOT NULL DEFAULT '', -- why it was suppressed, is dead or waits
    detail          text        NOT NULL DEFAULT '', -- for staff, in words
    provider_id     text COLLATE "C" NOT NULL DEFAULT '',
    receipt         text        NOT NULL DEFAULT '' CHECK (receipt IN ('', 'Delivered', 'Failed')),
    subject         text        NOT NULL DEFAULT '',
    body            text        NOT NULL DEFAULT '',
    sent_at         timestamptz,
    updated_at      timestamptz NOT NULL
) PARTITION BY RANGE (id);
CREATE TABLE notification_default PARTITION OF notification DEFAULT;
CREATE INDEX notification_queue ON notification (channel, lane, turn_at, id) WHERE state IN ('Planned', 'Retry');
CREATE INDEX notification_waiting ON notification (account_id) WHERE state IN ('Planned', 'Retry');
CREATE INDEX notification_state ON notification (state, id) WHERE state IN ('Held', 'Uncertain', 'Dead', 'Cancelled', 'Suppressed');
CREATE INDEX notification_sent ON notification USING brin (sent_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX notification_account ON notification (account_id, id DESC);
CREATE INDEX notification_newest ON notification (account_id, contact_id, sent_at DESC, id DESC) WHERE state = 'Sent' AND channel NOT IN ('Webhook', 'Banner', 'Log');
CREATE INDEX notification_provider ON notification (provider_id) WHERE provider_id <> '';

-- What is with a worker, from before any channel is asked until its outcome is on record or
-- the time is over. The number proves that a worker still has it. Rows are short-lived and
-- the notification is written once per attempt, at its end: that is what a delivery costs.
CREATE TABLE notification_lease (
    id       uuid        PRIMARY KEY,
    lease    bigint      NOT NULL,
    until    timestamptz NOT NULL,
    began_at timestamptz NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
CREATE SEQUENCE lease_number;

-- Where so many mails and text messages may go out within an hour, who claims holds this
-- row, until it is on record what was taken: the next one counts that as well.
CREATE TABLE hourly_limit (one boolean PRIMARY KEY DEFAULT true CHECK (one));
INSERT INTO hourly_limit DEFAULT VALUES;

-- Each attempt to hand a notification over, from when it has ended. What became of one that
-- is Uncertain nobody knows: its process has gone, or the other side did not answer.
CREATE TABLE notification_attempt (
    notification_id uuid        NOT NULL,
    number          smallint    NOT NULL,
    began_at        timestamptz NOT NULL,
    ended_at        timestamptz NOT NULL,
    outcome         text        NOT NULL, -- Sent, Retry, Dead, Suppressed, Uncertain
    class           text        NOT NULL DEFAULT '', -- of the error
    code            text        NOT NULL DEFAULT '', -- of the channel
    detail          text        NOT NULL DEFAULT '',
    PRIMARY KEY (notification_id, number)
) PARTITION BY RANGE (notification_id);
CREATE TABLE notification_attempt_default PARTITION OF notification_attempt DEFAULT;

-- What has happened once and for all, whatever templates are called: an event, or a day of
-- a dated event, by one channel to one address. It is permanent, so it is narrow. Without
-- an address it says that this day was dealt with and nobody was told.
CREATE TABLE occurrence (
    account_id text COLLATE "C" NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    about      text COLLATE "C" NOT NULL,
    occurrence text COLLATE "C" NOT NULL,
    channel    text COLLATE "C" NOT NULL,
    address    text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, event_type, about, occurrence, channel, address)
);

-- Where the planner is, and since when messages go out: what fell due before live_since is
-- never sent. Events from before this release notify nobody.
CREATE TABLE delivery (
    one        boolean     PRIMARY KEY DEFAULT true CHECK (one),
    position   bigint      NOT NULL,             -- of the last event that was planned
    mode       text        NOT NULL DEFAULT 'Hold' CHECK (mode IN ('Hold', 'Redirect', 'Live')),
    live_since timestamptz,                      -- null: never yet
    settled    boolean     NOT NULL DEFAULT true, -- what waited when the mode changed is where it belongs
    adopted    boolean     NOT NULL DEFAULT false -- taken over from another cluster: Hold, until a document says so
);
INSERT INTO delivery (position) SELECT coalesce(max(event), 0) FROM feed;

-- The look for what has fallen due by its date, which takes long where there are many
-- accounts: one replica makes it at a time, and the planner of events does not wait for it.
CREATE TABLE sweep (
    one          boolean     PRIMARY KEY DEFAULT true CHECK (one),
    lease        bigint      NOT NULL DEFAULT 0, -- proves that a replica still makes it, until leased_until
    leased_until timestamptz,
    swept_at     timestamptz                     -- when the last whole one was made
);
INSERT INTO sweep DEFAULT VALUES;

-- A tenant's webhooks get every event that they ask for, in order: position is the last
-- that the other side has taken.
CREATE TABLE webhook (
    name        text        PRIMARY KEY,
    position    bigint      NOT NULL,
    failures    integer     NOT NULL DEFAULT 0, -- since the last success
    next_at     timestamptz NOT NULL,
    lease       bigint      NOT NULL DEFAULT 0, -- proves that a worker still has it, until leased_until
    leased_until timestamptz,
    detail      text        NOT NULL DEFAULT '',
    gone_since  timestamptz -- null: it is declared
);

-- What an account's people see in the portal until they close it, each for themselves, if
-- they have the feature. about is the invoice that it asks to pay: it is shown until that is
-- done. Or it is the service or the service request: it is shown to those who see that one.
CREATE TABLE banner (
    id         uuid        PRIMARY KEY, -- of the notification
    account_id text        NOT NULL,
    category   text        NOT NULL,
    texts      jsonb       NOT NULL, -- by language, "" is the template's own
    shown_from timestamptz NOT NULL,
    shown_to   timestamptz NOT NULL,
    closed_by  text[]      NOT NULL DEFAULT '{}', -- contacts
    feature    text        NOT NULL DEFAULT '',   -- empty: for everybody
    about      text        NOT NULL DEFAULT ''
);
CREATE INDEX banner_account ON banner (account_id, shown_to);
CREATE INDEX banner_end ON banner (shown_to);

-- Who did it, where a contact did: the Initiator of templates. What becomes of a service
-- request is told to who sent it.
ALTER TABLE event ADD COLUMN contact_id text NOT NULL DEFAULT '';
ALTER TABLE service_request ADD COLUMN contact_id text NOT NULL DEFAULT '';

-- A dispatcher runs two documents.
ALTER TABLE replica ADD COLUMN routing_digest text NOT NULL DEFAULT '';

-- What the sweep of unpaid invoices looks for.
CREATE INDEX invoice_due ON invoice (due_on, account_id, id) WHERE status = 'Open' AND balance > 0;

-- For how many months notifications are kept, as with calls.
ALTER TABLE installation
    ADD COLUMN notification_months       integer NOT NULL DEFAULT 0,
    ADD COLUMN next_notification_months  integer,
    ADD COLUMN next_notification_seen_at timestamptz;

-- Quiet hours are one value, whose key in the registry is "quietHours": unlike other
-- objects it is not counted by field.
CREATE OR REPLACE FUNCTION attribute_keys(attributes jsonb) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT
AS $$
    SELECT CASE WHEN f.key IS NOT NULL THEN e.key || '.' || f.key
                WHEN jsonb_typeof(e.value) = 'array' THEN e.key || '.' || (i.value ->> 'name')
                ELSE e.key END
    FROM jsonb_each(attributes) e
    LEFT JOIN LATERAL jsonb_object_keys(CASE WHEN jsonb_typeof(e.value) = 'object' AND e.key <> 'quietHours' THEN e.value END) f(key) ON true
    LEFT JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(e.value) = 'array' THEN e.value END) i(value) ON true
$$;

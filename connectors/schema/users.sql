-- The demo's PostgreSQL side. Runs as the owner of the database; safe to run again.
-- :cdc_role is replaced by the capture role's name (see connectors/schema.ts); the role itself is made by whoever may.

DO $$ BEGIN
  CREATE TYPE public.user_status AS ENUM ('active', 'suspended', 'closed');
EXCEPTION WHEN duplicate_object THEN NULL; END $$;

CREATE TABLE IF NOT EXISTS public.users (
  id          bigint PRIMARY KEY,
  email       text NOT NULL,
  full_name   text NOT NULL,
  city        text NOT NULL,
  status      public.user_status NOT NULL DEFAULT 'active',
  balance     numeric(12,2) NOT NULL DEFAULT 0,
  rating      double precision,
  preferences jsonb,
  bio         text,
  birth_date  date,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now()
);
-- Large and out of line, so that an UPDATE of another column leaves it out of the log: the event then carries Debezium's
-- placeholder, and current.users has to carry the last known value forward. EXTERNAL: not compressed below the limit.
ALTER TABLE public.users ALTER COLUMN bio SET STORAGE EXTERNAL;
-- DEFAULT on purpose: FULL would log every old row in full (twice the WAL, and TOASTed values with it) to give a `before`
-- that the lake does not need: it has the row's history. Only the key of a DELETE is true under DEFAULT.
ALTER TABLE public.users REPLICA IDENTITY DEFAULT;

-- A side table that may be truncated.
CREATE TABLE IF NOT EXISTS public.user_events (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id    bigint NOT NULL,
  kind       text NOT NULL,
  payload    jsonb,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Debezium's own: signals start incremental snapshots; the heartbeat lets the slot advance while the tables are quiet.
CREATE TABLE IF NOT EXISTS public.foz_signal (
  id   varchar(42) PRIMARY KEY,
  type varchar(32) NOT NULL,
  data varchar(2048)
);
CREATE TABLE IF NOT EXISTS public.foz_heartbeat (
  id      integer PRIMARY KEY,
  beat_at timestamptz NOT NULL
);

GRANT USAGE ON SCHEMA public TO :cdc_role;
GRANT SELECT ON public.users, public.user_events, public.foz_signal, public.foz_heartbeat TO :cdc_role;
GRANT INSERT, DELETE ON public.foz_signal TO :cdc_role;
GRANT INSERT, UPDATE ON public.foz_heartbeat TO :cdc_role;

DO $$ BEGIN
  CREATE PUBLICATION :publication FOR TABLE public.users, public.user_events, public.foz_signal, public.foz_heartbeat
    WITH (publish = 'insert, update, delete, truncate');
EXCEPTION WHEN duplicate_object THEN NULL; END $$;

-- A database as the version of the package leaves it that keeps no numbered steps; a dump of PostgreSQL 15.
-- The role state_owner owns everything. Each table of the schema shop is at the stage of its name. half_filled and
-- event have five rows filled of twenty, and two counted. Every fifth text cannot be rebuilt from its new value.
-- The function "public.event.at forward in bulk" is left out: the next phase makes it again.

CREATE SCHEMA online_migration;
ALTER SCHEMA online_migration OWNER TO state_owner;
CREATE SCHEMA shop;
ALTER SCHEMA shop OWNER TO state_owner;
CREATE FUNCTION online_migration."public.event.at backward"(value timestamp with time zone) RETURNS character varying
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ((value >= '0001-01-01 00:00:00+00'::timestamp with time zone) AND (value < '10000-01-01 00:00:00+00'::timestamp with time zone)) THEN (to_char((value AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI:SS'::text) || rtrim(rtrim(to_char((value AT TIME ZONE 'UTC'::text), '.US'::text), '0'::text), '.'::text)) ELSE NULL::text END;
ALTER FUNCTION online_migration."public.event.at backward"(value timestamp with time zone) OWNER TO state_owner;
CREATE FUNCTION online_migration."public.event.at forward"(value character varying) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ((((value)::text COLLATE "C") ~ '^(?:[0-9]{4}-(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|[0-9]{4}-(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|[0-9]{4}-02-(?:0[1-9]|1[0-9]|2[0-8])|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29) (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,6}0{0,0})?$'::text) AND (((value)::text COLLATE "C") !~~ '0000%'::text)) THEN (((value)::text)::timestamp without time zone AT TIME ZONE 'UTC'::text) ELSE NULL::timestamp with time zone END;
ALTER FUNCTION online_migration."public.event.at forward"(value character varying) OWNER TO state_owner;
CREATE FUNCTION online_migration."public.event.at sync"() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    begin
      if tg_op = 'INSERT' and new."at_new" is null
        or tg_op = 'UPDATE' and not (new."at_new" is distinct from old."at_new")
      then
        new."at_new" := "online_migration"."public.event.at forward"(new."at");
      elsif "online_migration"."public.event.at forward"(new."at") is distinct from new."at_new" then

        new."at" := "online_migration"."public.event.at backward"(new."at_new");
        if "online_migration"."public.event.at forward"(new."at") is distinct from new."at_new" then

          raise exception using
            errcode = '22007',
            message = format('The value %L of column %I has no equal of type %s.', new."at_new", 'at_new', 'varchar(50)'),
            schema = tg_table_schema, table = tg_table_name, column = 'at_new';
        end if;
      end if;
      return new;
    end$$;
ALTER FUNCTION online_migration."public.event.at sync"() OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.backfilled.total backward"(value numeric) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ((value = round(value, 2)) AND (abs(value) < '10000000000'::numeric)) THEN ((value)::numeric(12,2))::text ELSE NULL::text END;
ALTER FUNCTION online_migration."shop.backfilled.total backward"(value numeric) OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.backfilled.total forward"(value text) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ((value COLLATE "C") ~ '^-?0*[0-9]{1,10}([.][0-9]{1,2})?$'::text) THEN (value)::numeric(12,2) ELSE NULL::numeric END;
ALTER FUNCTION online_migration."shop.backfilled.total forward"(value text) OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.backfilled.total sync"() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    begin
      if tg_op = 'INSERT' and new."total_new" is null
        or tg_op = 'UPDATE' and not (new."total_new" is distinct from old."total_new")
      then
        new."total_new" := "online_migration"."shop.backfilled.total forward"(new."total");
      elsif "online_migration"."shop.backfilled.total forward"(new."total") is distinct from new."total_new" then

        new."total" := "online_migration"."shop.backfilled.total backward"(new."total_new");
        if "online_migration"."shop.backfilled.total forward"(new."total") is distinct from new."total_new" then

          raise exception using
            errcode = '22007',
            message = format('The value %L of column %I has no equal of type %s.', new."total_new", 'total_new', 'text'),
            schema = tg_table_schema, table = tg_table_name, column = 'total_new';
        end if;
      end if;
      return new;
    end$$;
ALTER FUNCTION online_migration."shop.backfilled.total sync"() OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.enforced.total backward"(value numeric) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ((value = round(value, 2)) AND (abs(value) < '10000000000'::numeric)) THEN ((value)::numeric(12,2))::text ELSE NULL::text END;
ALTER FUNCTION online_migration."shop.enforced.total backward"(value numeric) OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.enforced.total forward"(value text) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ((value COLLATE "C") ~ '^-?0*[0-9]{1,10}([.][0-9]{1,2})?$'::text) THEN (value)::numeric(12,2) ELSE NULL::numeric END;
ALTER FUNCTION online_migration."shop.enforced.total forward"(value text) OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.enforced.total sync"() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    begin
      if tg_op = 'INSERT' and new."total_new" is null
        or tg_op = 'UPDATE' and not (new."total_new" is distinct from old."total_new")
      then
        new."total_new" := "online_migration"."shop.enforced.total forward"(new."total");
        if new."total_new" is null and new."total" is not null then

          raise exception using
            errcode = '22007',
            message = format('The value %L of column %I has no equal of type %s.', new."total", 'total', 'numeric(12,2)'),
            schema = tg_table_schema, table = tg_table_name, column = 'total';
        end if;
      elsif "online_migration"."shop.enforced.total forward"(new."total") is distinct from new."total_new" then

        new."total" := "online_migration"."shop.enforced.total backward"(new."total_new");
        if "online_migration"."shop.enforced.total forward"(new."total") is distinct from new."total_new" then

          raise exception using
            errcode = '22007',
            message = format('The value %L of column %I has no equal of type %s.', new."total_new", 'total_new', 'text'),
            schema = tg_table_schema, table = tg_table_name, column = 'total_new';
        end if;
      end if;
      return new;
    end$$;
ALTER FUNCTION online_migration."shop.enforced.total sync"() OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.expanded.total backward"(value numeric) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ((value = round(value, 2)) AND (abs(value) < '10000000000'::numeric)) THEN ((value)::numeric(12,2))::text ELSE NULL::text END;
ALTER FUNCTION online_migration."shop.expanded.total backward"(value numeric) OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.expanded.total forward"(value text) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ((value COLLATE "C") ~ '^-?0*[0-9]{1,10}([.][0-9]{1,2})?$'::text) THEN (value)::numeric(12,2) ELSE NULL::numeric END;
ALTER FUNCTION online_migration."shop.expanded.total forward"(value text) OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.expanded.total sync"() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    begin
      if tg_op = 'INSERT' and new."total_new" is null
        or tg_op = 'UPDATE' and not (new."total_new" is distinct from old."total_new")
      then
        new."total_new" := "online_migration"."shop.expanded.total forward"(new."total");
      elsif "online_migration"."shop.expanded.total forward"(new."total") is distinct from new."total_new" then

        new."total" := "online_migration"."shop.expanded.total backward"(new."total_new");
        if "online_migration"."shop.expanded.total forward"(new."total") is distinct from new."total_new" then

          raise exception using
            errcode = '22007',
            message = format('The value %L of column %I has no equal of type %s.', new."total_new", 'total_new', 'text'),
            schema = tg_table_schema, table = tg_table_name, column = 'total_new';
        end if;
      end if;
      return new;
    end$$;
ALTER FUNCTION online_migration."shop.expanded.total sync"() OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.half_filled.total backward"(value numeric) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ((value = round(value, 2)) AND (abs(value) < '10000000000'::numeric)) THEN ((value)::numeric(12,2))::text ELSE NULL::text END;
ALTER FUNCTION online_migration."shop.half_filled.total backward"(value numeric) OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.half_filled.total forward"(value text) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ((value COLLATE "C") ~ '^-?0*[0-9]{1,10}([.][0-9]{1,2})?$'::text) THEN (value)::numeric(12,2) ELSE NULL::numeric END;
ALTER FUNCTION online_migration."shop.half_filled.total forward"(value text) OWNER TO state_owner;
CREATE FUNCTION online_migration."shop.half_filled.total sync"() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    begin
      if tg_op = 'INSERT' and new."total_new" is null
        or tg_op = 'UPDATE' and not (new."total_new" is distinct from old."total_new")
      then
        new."total_new" := "online_migration"."shop.half_filled.total forward"(new."total");
      elsif "online_migration"."shop.half_filled.total forward"(new."total") is distinct from new."total_new" then

        new."total" := "online_migration"."shop.half_filled.total backward"(new."total_new");
        if "online_migration"."shop.half_filled.total forward"(new."total") is distinct from new."total_new" then

          raise exception using
            errcode = '22007',
            message = format('The value %L of column %I has no equal of type %s.', new."total_new", 'total_new', 'text'),
            schema = tg_table_schema, table = tg_table_name, column = 'total_new';
        end if;
      end if;
      return new;
    end$$;
ALTER FUNCTION online_migration."shop.half_filled.total sync"() OWNER TO state_owner;
CREATE TABLE online_migration.backfill (
    change text NOT NULL,
    direction text NOT NULL,
    rows_done bigint DEFAULT 0 NOT NULL,
    rows_total bigint NOT NULL,
    rows_swept bigint DEFAULT 0 NOT NULL,
    rows_per_second double precision DEFAULT 0 NOT NULL,
    seconds_left double precision,
    batch_rows integer,
    paused_for text,
    paused boolean DEFAULT false NOT NULL,
    batch_ms integer,
    workers integer,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT backfill_batch_ms_check CHECK (((batch_ms >= 1) AND (batch_ms <= 10000))),
    CONSTRAINT backfill_direction_check CHECK ((direction = ANY (ARRAY['forward'::text, 'backward'::text]))),
    CONSTRAINT backfill_workers_check CHECK (((workers >= 1) AND (workers <= 64)))
);
ALTER TABLE online_migration.backfill OWNER TO state_owner;
CREATE TABLE online_migration.backfill_range (
    change text NOT NULL,
    leaf text NOT NULL,
    first_block bigint NOT NULL,
    end_block bigint NOT NULL,
    stripe integer DEFAULT 0 NOT NULL,
    next_block bigint NOT NULL,
    rows_per_block double precision NOT NULL,
    rows_filled bigint DEFAULT 0 NOT NULL,
    claimed_by text
);
ALTER TABLE online_migration.backfill_range OWNER TO state_owner;
CREATE TABLE online_migration.change (
    name text NOT NULL,
    table_schema text NOT NULL,
    table_name text NOT NULL,
    old_column text NOT NULL,
    new_column text NOT NULL,
    old_type text NOT NULL,
    new_type text NOT NULL,
    has_kept_values boolean DEFAULT false NOT NULL,
    sync_version text,
    expanded_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE online_migration.change OWNER TO state_owner;
CREATE TABLE online_migration.kept_value (
    change text NOT NULL,
    key text NOT NULL,
    raw_value text NOT NULL
);
ALTER TABLE online_migration.kept_value OWNER TO state_owner;
CREATE TABLE online_migration.lock_hold (
    change text NOT NULL,
    purpose text NOT NULL,
    mode text NOT NULL,
    milliseconds double precision NOT NULL,
    released_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE online_migration.lock_hold OWNER TO state_owner;
CREATE TABLE online_migration.reject (
    change text NOT NULL,
    key text NOT NULL,
    raw_value text NOT NULL,
    reason text NOT NULL,
    found_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE online_migration.reject OWNER TO state_owner;
CREATE TABLE public.event (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    at character varying(50) NOT NULL,
    at_new timestamp with time zone
);
ALTER TABLE public.event OWNER TO state_owner;
ALTER TABLE public.event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.mikro_orm_migrations (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    executed_at timestamp(6) with time zone DEFAULT CURRENT_TIMESTAMP(6) NOT NULL
);
ALTER TABLE public.mikro_orm_migrations OWNER TO state_owner;
CREATE SEQUENCE public.mikro_orm_migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER TABLE public.mikro_orm_migrations_id_seq OWNER TO state_owner;
ALTER SEQUENCE public.mikro_orm_migrations_id_seq OWNED BY public.mikro_orm_migrations.id;
CREATE TABLE shop.backfilled (
    id bigint NOT NULL,
    total text NOT NULL,
    total_new numeric(12,2)
);
ALTER TABLE shop.backfilled OWNER TO state_owner;
ALTER TABLE shop.backfilled ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME shop.backfilled_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE shop.contracted (
    id bigint NOT NULL,
    total_new numeric(12,2) NOT NULL
);
ALTER TABLE shop.contracted OWNER TO state_owner;
ALTER TABLE shop.contracted ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME shop.contracted_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE shop.enforced (
    id bigint NOT NULL,
    total text NOT NULL,
    total_new numeric(12,2) NOT NULL
);
ALTER TABLE shop.enforced OWNER TO state_owner;
ALTER TABLE shop.enforced ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME shop.enforced_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE shop.expanded (
    id bigint NOT NULL,
    total text NOT NULL,
    total_new numeric(12,2)
);
ALTER TABLE shop.expanded OWNER TO state_owner;
ALTER TABLE shop.expanded ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME shop.expanded_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE shop.half_filled (
    id bigint NOT NULL,
    total text NOT NULL,
    total_new numeric(12,2)
);
ALTER TABLE shop.half_filled OWNER TO state_owner;
ALTER TABLE shop.half_filled ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME shop.half_filled_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE shop.renamed (
    id bigint NOT NULL,
    total numeric(12,2) NOT NULL
);
ALTER TABLE shop.renamed OWNER TO state_owner;
ALTER TABLE shop.renamed ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME shop.renamed_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY public.mikro_orm_migrations ALTER COLUMN id SET DEFAULT nextval('public.mikro_orm_migrations_id_seq'::regclass);
INSERT INTO online_migration.backfill VALUES
	('shop.half_filled.total', 'forward', 0, 20, 0, 0, NULL, 1000, NULL, false, NULL, NULL, '2026-11-28 14:28:22.68472+00', '2026-11-28 14:28:22.693363+00', NULL),
	('shop.backfilled.total', 'forward', 5, 5, 0, 80.04199323132886, 0, 500, NULL, false, NULL, NULL, '2026-11-28 14:28:22.864075+00', '2026-11-28 14:28:22.94561+00', '2026-11-28 14:28:22.94561+00'),
	('shop.enforced.total', 'forward', 5, 5, 0, 96.76530986864897, 0, 500, NULL, false, NULL, NULL, '2026-11-28 14:28:23.042856+00', '2026-11-28 14:28:23.108907+00', '2026-11-28 14:28:23.108907+00'),
	('public.event.at', 'forward', 0, 20, 0, 0, NULL, 1000, NULL, false, NULL, NULL, '2026-11-28 14:28:24.212984+00', '2026-11-28 14:28:24.21905+00', NULL);
INSERT INTO online_migration.backfill_range VALUES
	('shop.half_filled.total', 'shop.half_filled', 0, 1, 2, 0, 20, 2, 'host:1/1'),
	('public.event.at', 'public.event', 0, 1, 2, 0, 20, 2, 'host:1/2'),
	('shop.backfilled.total', 'shop.backfilled', 0, 1, 9, 0, 5, 5, 'host:1/3'),
	('shop.enforced.total', 'shop.enforced', 0, 1, 9, 0, 5, 5, 'host:1/4');
INSERT INTO online_migration.change VALUES
	('shop.expanded.total', 'shop', 'expanded', 'total', 'total_new', 'text', 'numeric(12,2)', false, NULL, '2026-11-28 14:28:22.530953+00'),
	('shop.half_filled.total', 'shop', 'half_filled', 'total', 'total_new', 'text', 'numeric(12,2)', false, NULL, '2026-11-28 14:28:22.639315+00'),
	('shop.backfilled.total', 'shop', 'backfilled', 'total', 'total_new', 'text', 'numeric(12,2)', false, NULL, '2026-11-28 14:28:22.825746+00'),
	('shop.enforced.total', 'shop', 'enforced', 'total', 'total_new', 'text', 'numeric(12,2)', false, 'f877e77dc64eeed10853bf19d63d19d2', '2026-11-28 14:28:23.012304+00'),
	('shop.contracted.total', 'shop', 'contracted', 'total', 'total_new', 'text', 'numeric(12,2)', true, '619a0aae0e5932bf3d67dfd6e834a01e', '2026-11-28 14:28:23.265598+00'),
	('shop.renamed.total', 'shop', 'renamed', 'total', 'total_new', 'text', 'numeric(12,2)', true, '83fbe28121f1fc6b0d8277018925d0a2', '2026-11-28 14:28:23.662548+00'),
	('public.event.at', 'public', 'event', 'at', 'at_new', 'varchar(50)', 'timestamptz', false, NULL, '2026-11-28 14:28:24.146733+00');
INSERT INTO online_migration.kept_value VALUES
	('shop.contracted.total', '5', '5'),
	('shop.renamed.total', '5', '5');
INSERT INTO online_migration.lock_hold VALUES
	('shop.expanded.total', 'expand', 'ACCESS EXCLUSIVE', 2.7839989999999943, '2026-11-28 14:28:22.563081+00'),
	('shop.half_filled.total', 'expand', 'ACCESS EXCLUSIVE', 1.8204299999999876, '2026-11-28 14:28:22.652125+00'),
	('shop.backfilled.total', 'expand', 'ACCESS EXCLUSIVE', 2.9838479999999663, '2026-11-28 14:28:22.845238+00'),
	('shop.backfilled.total', 'backfill, the longest batch', 'ROW EXCLUSIVE', 2.1439639999999827, '2026-11-28 14:28:22.943832+00'),
	('shop.enforced.total', 'expand', 'ACCESS EXCLUSIVE', 3.1406140000001415, '2026-11-28 14:28:23.023482+00'),
	('shop.enforced.total', 'backfill, the longest batch', 'ROW EXCLUSIVE', 1.145228999999972, '2026-11-28 14:28:23.107012+00'),
	('shop.enforced.total', 'enforce: add the not-null check', 'ACCESS EXCLUSIVE', 2.20708599999989, '2026-11-28 14:28:23.184397+00'),
	('shop.enforced.total', 'enforce: set not null', 'ACCESS EXCLUSIVE', 3.8051989999999023, '2026-11-28 14:28:23.194905+00'),
	('shop.contracted.total', 'expand', 'ACCESS EXCLUSIVE', 2.3052990000001046, '2026-11-28 14:28:23.278092+00'),
	('shop.contracted.total', 'backfill, the longest batch', 'ROW EXCLUSIVE', 1.6217770000000655, '2026-11-28 14:28:23.361333+00'),
	('shop.contracted.total', 'enforce: add the not-null check', 'ACCESS EXCLUSIVE', 1.3043200000001889, '2026-11-28 14:28:23.429352+00'),
	('shop.contracted.total', 'enforce: set not null', 'ACCESS EXCLUSIVE', 8.3903150000001, '2026-11-28 14:28:23.442361+00'),
	('shop.contracted.total', 'contract: keep what cannot be rebuilt', 'ACCESS EXCLUSIVE', 1.5611049999999977, '2026-11-28 14:28:23.512696+00'),
	('shop.contracted.total', 'contract: drop the old column', 'ACCESS EXCLUSIVE', 2.6143549999999323, '2026-11-28 14:28:23.600273+00'),
	('shop.renamed.total', 'expand', 'ACCESS EXCLUSIVE', 1.7046849999999267, '2026-11-28 14:28:23.672552+00'),
	('shop.renamed.total', 'backfill, the longest batch', 'ROW EXCLUSIVE', 1.0054380000001402, '2026-11-28 14:28:23.750998+00'),
	('shop.renamed.total', 'enforce: add the not-null check', 'ACCESS EXCLUSIVE', 1.2137370000000374, '2026-11-28 14:28:23.818347+00'),
	('shop.renamed.total', 'enforce: set not null', 'ACCESS EXCLUSIVE', 3.453283000000056, '2026-11-28 14:28:23.826607+00'),
	('shop.renamed.total', 'contract: keep what cannot be rebuilt', 'ACCESS EXCLUSIVE', 1.1684390000000349, '2026-11-28 14:28:23.897656+00'),
	('shop.renamed.total', 'contract: drop the old column', 'ACCESS EXCLUSIVE', 2.9687369999996918, '2026-11-28 14:28:23.982615+00'),
	('shop.renamed.total', 'rename', 'ACCESS EXCLUSIVE', 0.7747330000001966, '2026-11-28 14:28:23.988981+00'),
	('public.event.at', 'expand', 'ACCESS EXCLUSIVE', 2.3949059999999918, '2026-11-28 14:28:24.162204+00');
INSERT INTO public.event OVERRIDING SYSTEM VALUE VALUES
	(2, 'record 2', '2020-01-03 00:00:00', NULL),
	(3, 'record 3', '2020-01-04 00:00:00', NULL),
	(4, 'record 4', '2020-01-05 00:00:00', NULL),
	(5, 'record 5', '2020-01-06 00:00:00.0', NULL),
	(6, 'record 6', '2020-01-07 00:00:00', NULL),
	(7, 'record 7', '2020-01-08 00:00:00', NULL),
	(10, 'record 10', '2020-01-11 00:00:00.0', NULL),
	(11, 'record 11', '2020-01-12 00:00:00', NULL),
	(12, 'record 12', '2020-01-13 00:00:00', NULL),
	(13, 'record 13', '2020-01-14 00:00:00', NULL),
	(14, 'record 14', '2020-01-15 00:00:00', NULL),
	(15, 'record 15', '2020-01-16 00:00:00.0', NULL),
	(18, 'record 18', '2020-01-19 00:00:00', NULL),
	(19, 'record 19', '2020-01-20 00:00:00', NULL),
	(20, 'record 20', '2020-01-21 00:00:00.0', NULL),
	(16, 'record 16', '2020-01-17 00:00:00', '2020-01-17 00:00:00+00'),
	(8, 'record 8', '2020-01-09 00:00:00', '2020-01-09 00:00:00+00'),
	(1, 'record 1', '2020-01-02 00:00:00', '2020-01-02 00:00:00+00'),
	(9, 'record 9', '2020-01-10 00:00:00', '2020-01-10 00:00:00+00'),
	(17, 'record 17', '2020-01-18 00:00:00', '2020-01-18 00:00:00+00');
INSERT INTO public.mikro_orm_migrations VALUES
	(1, '0001_create_event', '2026-11-28 14:28:24.059318+00'),
	(2, '0002_expand_at', '2026-11-28 14:28:24.146733+00');
INSERT INTO shop.backfilled OVERRIDING SYSTEM VALUE VALUES
	(1, '1.50', 1.50),
	(2, '2.50', 2.50),
	(3, '3.50', 3.50),
	(4, '4.50', 4.50),
	(5, '5', 5.00);
INSERT INTO shop.contracted OVERRIDING SYSTEM VALUE VALUES
	(1, 1.50),
	(2, 2.50),
	(3, 3.50),
	(4, 4.50),
	(5, 5.00);
INSERT INTO shop.enforced OVERRIDING SYSTEM VALUE VALUES
	(1, '1.50', 1.50),
	(2, '2.50', 2.50),
	(3, '3.50', 3.50),
	(4, '4.50', 4.50),
	(5, '5', 5.00);
INSERT INTO shop.expanded OVERRIDING SYSTEM VALUE VALUES
	(1, '1.50', NULL),
	(2, '2.50', NULL),
	(3, '3.50', NULL),
	(4, '4.50', NULL),
	(5, '5', NULL);
INSERT INTO shop.half_filled OVERRIDING SYSTEM VALUE VALUES
	(2, '2.50', NULL),
	(3, '3.50', NULL),
	(4, '4.50', NULL),
	(5, '5', NULL),
	(6, '6.50', NULL),
	(7, '7.50', NULL),
	(10, '10', NULL),
	(11, '11.50', NULL),
	(12, '12.50', NULL),
	(13, '13.50', NULL),
	(14, '14.50', NULL),
	(15, '15', NULL),
	(18, '18.50', NULL),
	(19, '19.50', NULL),
	(20, '20', NULL),
	(16, '16.50', 16.50),
	(8, '8.50', 8.50),
	(1, '1.50', 1.50),
	(9, '9.50', 9.50),
	(17, '17.50', 17.50);
INSERT INTO shop.renamed OVERRIDING SYSTEM VALUE VALUES
	(1, 1.50),
	(2, 2.50),
	(3, 3.50),
	(4, 4.50),
	(5, 5.00);
SELECT pg_catalog.setval('public.event_id_seq', 20, true);
SELECT pg_catalog.setval('public.mikro_orm_migrations_id_seq', 2, true);
SELECT pg_catalog.setval('shop.backfilled_id_seq', 5, true);
SELECT pg_catalog.setval('shop.contracted_id_seq', 5, true);
SELECT pg_catalog.setval('shop.enforced_id_seq', 5, true);
SELECT pg_catalog.setval('shop.expanded_id_seq', 5, true);
SELECT pg_catalog.setval('shop.half_filled_id_seq', 20, true);
SELECT pg_catalog.setval('shop.renamed_id_seq', 5, true);
ALTER TABLE ONLY online_migration.backfill
    ADD CONSTRAINT backfill_pkey PRIMARY KEY (change);
ALTER TABLE ONLY online_migration.backfill_range
    ADD CONSTRAINT backfill_range_pkey PRIMARY KEY (change, leaf, first_block);
ALTER TABLE ONLY online_migration.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (name);
ALTER TABLE ONLY online_migration.kept_value
    ADD CONSTRAINT kept_value_pkey PRIMARY KEY (change, key);
ALTER TABLE ONLY online_migration.lock_hold
    ADD CONSTRAINT lock_hold_pkey PRIMARY KEY (change, purpose);
ALTER TABLE ONLY online_migration.reject
    ADD CONSTRAINT reject_pkey PRIMARY KEY (change, key);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.mikro_orm_migrations
    ADD CONSTRAINT mikro_orm_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.backfilled
    ADD CONSTRAINT backfilled_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.contracted
    ADD CONSTRAINT contracted_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.enforced
    ADD CONSTRAINT enforced_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.expanded
    ADD CONSTRAINT expanded_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.half_filled
    ADD CONSTRAINT half_filled_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.renamed
    ADD CONSTRAINT renamed_pkey PRIMARY KEY (id);
CREATE TRIGGER "~sync_at_insert" BEFORE INSERT ON public.event FOR EACH ROW EXECUTE FUNCTION online_migration."public.event.at sync"();
ALTER TABLE public.event ENABLE ALWAYS TRIGGER "~sync_at_insert";
CREATE TRIGGER "~sync_at_update" BEFORE UPDATE ON public.event FOR EACH ROW WHEN (((new.at)::text IS DISTINCT FROM (old.at)::text)) EXECUTE FUNCTION online_migration."public.event.at sync"();
ALTER TABLE public.event ENABLE ALWAYS TRIGGER "~sync_at_update";
CREATE TRIGGER "~sync_total_insert" BEFORE INSERT ON shop.backfilled FOR EACH ROW EXECUTE FUNCTION online_migration."shop.backfilled.total sync"();
ALTER TABLE shop.backfilled ENABLE ALWAYS TRIGGER "~sync_total_insert";
CREATE TRIGGER "~sync_total_insert" BEFORE INSERT ON shop.enforced FOR EACH ROW EXECUTE FUNCTION online_migration."shop.enforced.total sync"();
ALTER TABLE shop.enforced ENABLE ALWAYS TRIGGER "~sync_total_insert";
CREATE TRIGGER "~sync_total_insert" BEFORE INSERT ON shop.expanded FOR EACH ROW EXECUTE FUNCTION online_migration."shop.expanded.total sync"();
ALTER TABLE shop.expanded ENABLE ALWAYS TRIGGER "~sync_total_insert";
CREATE TRIGGER "~sync_total_insert" BEFORE INSERT ON shop.half_filled FOR EACH ROW EXECUTE FUNCTION online_migration."shop.half_filled.total sync"();
ALTER TABLE shop.half_filled ENABLE ALWAYS TRIGGER "~sync_total_insert";
CREATE TRIGGER "~sync_total_update" BEFORE UPDATE ON shop.backfilled FOR EACH ROW WHEN ((new.total IS DISTINCT FROM old.total)) EXECUTE FUNCTION online_migration."shop.backfilled.total sync"();
ALTER TABLE shop.backfilled ENABLE ALWAYS TRIGGER "~sync_total_update";
CREATE TRIGGER "~sync_total_update" BEFORE UPDATE ON shop.enforced FOR EACH ROW WHEN (((new.total IS DISTINCT FROM old.total) OR (new.total_new IS DISTINCT FROM old.total_new))) EXECUTE FUNCTION online_migration."shop.enforced.total sync"();
ALTER TABLE shop.enforced ENABLE ALWAYS TRIGGER "~sync_total_update";
CREATE TRIGGER "~sync_total_update" BEFORE UPDATE ON shop.expanded FOR EACH ROW WHEN ((new.total IS DISTINCT FROM old.total)) EXECUTE FUNCTION online_migration."shop.expanded.total sync"();
ALTER TABLE shop.expanded ENABLE ALWAYS TRIGGER "~sync_total_update";
CREATE TRIGGER "~sync_total_update" BEFORE UPDATE ON shop.half_filled FOR EACH ROW WHEN ((new.total IS DISTINCT FROM old.total)) EXECUTE FUNCTION online_migration."shop.half_filled.total sync"();
ALTER TABLE shop.half_filled ENABLE ALWAYS TRIGGER "~sync_total_update";
GRANT USAGE ON SCHEMA online_migration TO PUBLIC;
GRANT CREATE ON SCHEMA public TO state_owner;
REVOKE ALL ON FUNCTION online_migration."public.event.at sync"() FROM PUBLIC;
REVOKE ALL ON FUNCTION online_migration."shop.backfilled.total sync"() FROM PUBLIC;
REVOKE ALL ON FUNCTION online_migration."shop.enforced.total sync"() FROM PUBLIC;
REVOKE ALL ON FUNCTION online_migration."shop.expanded.total sync"() FROM PUBLIC;
REVOKE ALL ON FUNCTION online_migration."shop.half_filled.total sync"() FROM PUBLIC;
GRANT SELECT ON TABLE online_migration.backfill TO PUBLIC;
GRANT SELECT ON TABLE online_migration.backfill_range TO PUBLIC;
GRANT SELECT ON TABLE online_migration.change TO PUBLIC;
GRANT SELECT ON TABLE online_migration.lock_hold TO PUBLIC;

-- All migrations as one, for reading: made by `python -m appliance.store.schema`.

CREATE FUNCTION count_rule_changes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    update rule_changes set number = number + 1;
    return null;
end $$;

CREATE FUNCTION create_batches_partition(day date) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
    name text := 'batches_' || to_char(day, 'YYYY_MM_DD');
begin
    perform pg_advisory_xact_lock(hashtext('create_batches_partition'));
    if to_regclass(name) is null then
        execute format('create table %I (like batches including all)', name);
        execute format(
            'alter table batches attach partition %I for values from (%L) to (%L)',
            name, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC'
        );
    end if;
end $$;

CREATE FUNCTION drop_empty_batches_partition(day date) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
    name text := 'batches_' || to_char(day, 'YYYY_MM_DD');
    used boolean;
begin
    lock table batches in access exclusive mode;
    execute format('select exists (select from %I)', name) into used;
    if not used then
        execute format('drop table %I', name);
    end if;
    return not used;
end $$;

CREATE FUNCTION expected_rows(device integer, first_at timestamp with time zone, stop_at timestamp with time zone) RETURNS double precision
    LANGUAGE sql STABLE
    AS $$
    select coalesce(sum(extract(epoch from least(until_at, stop_at) - greatest(from_at, first_at))
                        * 1000 / interval_ms), 0)::float8
      from expected_intervals
     where device_id = device and until_at > first_at and from_at < stop_at
$$;

CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'table % is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;

CREATE FUNCTION remove_sealed_batches(day date, before xid8, restored bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
    name text := 'batches_' || to_char(day, 'YYYY_MM_DD');
    found bigint;
begin
    execute format('lock table %I in access exclusive mode', name);
    execute format('select count(*) from %I where xid = %L', name, '0') into found;
    if found <> restored then
        raise exception '% was numbered anew', name using errcode = 'lock_not_available';
    end if;
    execute format(
        'create temp table late_batches on commit drop as select * from %I where xid >= %L',
        name, before
    );
    execute format('truncate %I', name);
    execute format('insert into %I select * from late_batches', name);
    drop table late_batches;
end $$;

CREATE TABLE alert_events (
    id bigint NOT NULL,
    alert_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    what text NOT NULL,
    user_id integer,
    note text,
    value double precision,
    pending boolean DEFAULT false NOT NULL
);

ALTER TABLE alert_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE alerts (
    id bigint NOT NULL,
    factory_id integer NOT NULL,
    rule_id integer NOT NULL,
    rule_version integer NOT NULL,
    level text NOT NULL,
    device_id integer NOT NULL,
    alarm_class text NOT NULL,
    latching boolean NOT NULL,
    priority smallint NOT NULL,
    message text NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    raised_value double precision,
    "limit" double precision,
    late boolean NOT NULL,
    forecast_at timestamp with time zone,
    cleared_at timestamp with time zone,
    cleared_value double precision,
    reset_at timestamp with time zone,
    acknowledged_at timestamp with time zone,
    acknowledged_by integer,
    note text,
    suppressed_at timestamp with time zone,
    waiting_since timestamp with time zone,
    realarmed_at timestamp with time zone,
    escalation_step integer DEFAULT 0 NOT NULL,
    escalated_after integer DEFAULT 0 NOT NULL,
    state text GENERATED ALWAYS AS (
CASE
    WHEN ((cleared_at IS NULL) OR (latching AND (reset_at IS NULL))) THEN
    CASE
        WHEN (acknowledged_at IS NULL) THEN 'unacknowledged'::text
        ELSE 'acknowledged'::text
    END
    ELSE
    CASE
        WHEN (acknowledged_at IS NULL) THEN 'returned'::text
        ELSE 'closed'::text
    END
END) STORED NOT NULL
);

ALTER TABLE alerts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE audit (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    address text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    factory_ids integer[] NOT NULL,
    old jsonb,
    new jsonb,
    reason text,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL
);

ALTER TABLE audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE backtests (
    rule_id integer NOT NULL,
    version integer NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    backtest jsonb NOT NULL
);

CREATE TABLE baselines (
    device_id integer NOT NULL,
    metric_id smallint NOT NULL,
    version integer NOT NULL,
    learnt_at timestamp with time zone NOT NULL,
    from_ms bigint NOT NULL,
    to_ms bigint NOT NULL,
    hours text NOT NULL,
    mid double precision[] NOT NULL,
    scale double precision[] NOT NULL,
    resolution double precision NOT NULL,
    CONSTRAINT baselines_hours_check CHECK ((hours = ANY (ARRAY['week'::text, 'day'::text]))),
    CONSTRAINT baselines_mid_check CHECK ((cardinality(mid) = 168)),
    CONSTRAINT baselines_scale_check CHECK ((cardinality(scale) = 168)),
    CONSTRAINT baselines_version_check CHECK ((version > 0))
);

CREATE TABLE batches (
    start_at timestamp with time zone NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    epoch bigint NOT NULL,
    first_row bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    device_id integer NOT NULL,
    quality smallint NOT NULL,
    metric_ids smallint[] NOT NULL,
    offsets_ms integer[] NOT NULL,
    readings double precision[] NOT NULL
)
PARTITION BY RANGE (start_at);

CREATE TABLE contacts (
    id integer NOT NULL,
    factory_id integer NOT NULL,
    name text NOT NULL,
    channel text NOT NULL,
    user_id integer,
    address text,
    secret bytea,
    quiet_from time without time zone,
    quiet_to time without time zone,
    tell_cleared boolean NOT NULL,
    CONSTRAINT contacts_channel_check CHECK ((channel = ANY (ARRAY['mail'::text, 'webhook'::text, 'apprise'::text])))
);

ALTER TABLE contacts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE cursors (
    name text NOT NULL,
    xid xid8 NOT NULL
);

CREATE TABLE deliveries (
    id bigint NOT NULL,
    key uuid DEFAULT gen_random_uuid() NOT NULL,
    factory_id integer NOT NULL,
    alert_id bigint,
    event_id bigint,
    contact_id integer,
    contact text NOT NULL,
    channel text NOT NULL,
    occasion text NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    reason text,
    attempts integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_try_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sent'::text, 'failed'::text, 'dropped'::text])))
);

ALTER TABLE deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE device_commands (
    id integer NOT NULL,
    device_id integer NOT NULL,
    action text NOT NULL,
    seconds integer,
    asked_at timestamp with time zone NOT NULL,
    asked_by text NOT NULL,
    done_at timestamp with time zone,
    CONSTRAINT device_commands_action_check CHECK ((action = ANY (ARRAY['locate'::text, 'restart'::text, 'read-config'::text, 'rotate-key'::text]))),
    CONSTRAINT device_commands_seconds_check CHECK ((seconds > 0))
);

ALTER TABLE device_commands ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE device_configs (
    device_id integer NOT NULL,
    version integer NOT NULL,
    config jsonb NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT device_configs_version_check CHECK ((version > 0))
);

CREATE TABLE device_firmware (
    device_id integer NOT NULL,
    version text NOT NULL,
    slot text,
    config integer,
    boot bigint NOT NULL,
    told_at timestamp with time zone NOT NULL,
    CONSTRAINT device_firmware_slot_check CHECK ((slot = ANY (ARRAY['a'::text, 'b'::text])))
);

CREATE TABLE device_intervals (
    device_id integer NOT NULL,
    until_at timestamp with time zone NOT NULL,
    interval_ms integer NOT NULL,
    CONSTRAINT device_intervals_interval_ms_check CHECK ((interval_ms > 0))
);

CREATE TABLE device_keys (
    id text NOT NULL,
    device_id integer NOT NULL,
    sha256 bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    replaces text,
    CONSTRAINT device_keys_id_check CHECK ((id ~ '^[a-z2-7]{10}$'::text)),
    CONSTRAINT device_keys_sha256_check CHECK ((length(sha256) = 32))
);

CREATE TABLE device_log (
    id bigint NOT NULL,
    device_id integer NOT NULL,
    epoch text NOT NULL,
    boot bigint NOT NULL,
    up_ms bigint NOT NULL,
    what text NOT NULL,
    detail text NOT NULL,
    received_at timestamp with time zone NOT NULL
);

ALTER TABLE device_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE devices (
    id integer NOT NULL,
    factory_id integer NOT NULL,
    machine_id integer,
    name text NOT NULL,
    expected_interval_ms integer DEFAULT 10000 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    mac macaddr,
    CONSTRAINT devices_expected_interval_ms_check CHECK ((expected_interval_ms > 0)),
    CONSTRAINT devices_name_check CHECK (((name <> ''::text) AND (length(name) <= 60)))
);

ALTER TABLE devices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE VIEW expected_intervals AS
 SELECT device_id,
    lag(until_at, 1, '-infinity'::timestamp with time zone) OVER (PARTITION BY device_id ORDER BY until_at) AS from_at,
    until_at,
    interval_ms
   FROM ( SELECT device_intervals.device_id,
            device_intervals.until_at,
            device_intervals.interval_ms
           FROM device_intervals
        UNION ALL
         SELECT devices.id,
            'infinity'::timestamp with time zone,
            devices.expected_interval_ms
           FROM devices) each;

CREATE TABLE factories (
    id integer NOT NULL,
    name text NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT factories_name_check CHECK ((name <> ''::text))
);

ALTER TABLE factories ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE firmware_releases (
    id integer NOT NULL,
    version text NOT NULL,
    mpy smallint NOT NULL,
    files integer NOT NULL,
    sha256 bytea NOT NULL,
    key_fingerprint text NOT NULL,
    added_at timestamp with time zone NOT NULL,
    added_by text NOT NULL,
    bundle bytea NOT NULL,
    CONSTRAINT firmware_releases_sha256_check CHECK ((length(sha256) = 32))
);

ALTER TABLE firmware_releases ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE firmware_rollout_devices (
    rollout_id integer NOT NULL,
    device_id integer NOT NULL,
    stage smallint NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    fetched_at timestamp with time zone,
    told_at timestamp with time zone,
    detail text DEFAULT ''::text NOT NULL,
    CONSTRAINT firmware_rollout_devices_stage_check CHECK (((stage >= 1) AND (stage <= 3))),
    CONSTRAINT firmware_rollout_devices_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'offered'::text, 'fetching'::text, 'running'::text, 'failed'::text, 'back'::text])))
);

CREATE TABLE firmware_rollouts (
    id integer NOT NULL,
    factory_id integer NOT NULL,
    release_id integer,
    version text NOT NULL,
    state text DEFAULT 'running'::text NOT NULL,
    stage smallint DEFAULT 1 NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    begun_by text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    watched_from timestamp with time zone NOT NULL,
    reason text,
    CONSTRAINT firmware_rollouts_stage_check CHECK (((stage >= 1) AND (stage <= 3))),
    CONSTRAINT firmware_rollouts_state_check CHECK ((state = ANY (ARRAY['running'::text, 'halted'::text, 'done'::text])))
);

ALTER TABLE firmware_rollouts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE health_scores (
    machine_id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    score double precision,
    quality double precision NOT NULL,
    version integer NOT NULL,
    why jsonb NOT NULL,
    CONSTRAINT health_scores_quality_check CHECK (((quality >= (0)::double precision) AND (quality <= (1)::double precision))),
    CONSTRAINT health_scores_score_check CHECK (((score >= (0)::double precision) AND (score <= (100)::double precision)))
);

CREATE TABLE incidents (
    id integer NOT NULL,
    factory_id integer NOT NULL,
    device_id integer NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    title text NOT NULL,
    made_by text NOT NULL,
    CONSTRAINT incidents_check CHECK ((from_at < to_at))
);

ALTER TABLE incidents ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE late_rows (
    device_id integer NOT NULL,
    epoch bigint NOT NULL,
    first_row bigint NOT NULL,
    stop_row bigint NOT NULL,
    first_ms bigint NOT NULL,
    last_ms bigint NOT NULL,
    first_received_ms bigint NOT NULL,
    last_received_ms bigint NOT NULL
);

CREATE TABLE latest (
    device_id integer NOT NULL,
    received_at timestamp with time zone NOT NULL,
    metric_ids smallint[] NOT NULL,
    times_ms bigint[] NOT NULL,
    readings double precision[] NOT NULL,
    health jsonb
)
WITH (fillfactor='50');

CREATE TABLE login_failures (
    email text NOT NULL,
    address text NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE machines (
    id integer NOT NULL,
    factory_id integer NOT NULL,
    name text NOT NULL,
    kind text DEFAULT ''::text NOT NULL,
    area text DEFAULT ''::text NOT NULL,
    CONSTRAINT machines_name_check CHECK ((name <> ''::text))
);

ALTER TABLE machines ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE memberships (
    user_id integer NOT NULL,
    factory_id integer NOT NULL
);

CREATE TABLE metrics (
    id smallint NOT NULL,
    name text NOT NULL,
    unit text NOT NULL,
    unit_label text NOT NULL,
    label text NOT NULL,
    digits smallint NOT NULL,
    CONSTRAINT metrics_name_check CHECK ((name ~ '^[a-z][a-z0-9_]*$'::text))
);

CREATE TABLE migrations (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE model_scores (
    rule_id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    score double precision NOT NULL,
    note text DEFAULT ''::text NOT NULL
);

CREATE TABLE model_states (
    rule_id integer NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    open_until timestamp with time zone,
    error text DEFAULT ''::text NOT NULL
);

CREATE TABLE one_time_codes (
    sha256 bytea NOT NULL,
    purpose text NOT NULL,
    user_id integer,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT one_time_codes_check CHECK (((purpose = 'first-administrator'::text) = (user_id IS NULL))),
    CONSTRAINT one_time_codes_purpose_check CHECK ((purpose = ANY (ARRAY['first-administrator'::text, 'reset-password'::text])))
);

CREATE TABLE pilot_requests (
    id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    address text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    company text NOT NULL,
    message text NOT NULL,
    CONSTRAINT pilot_requests_company_check CHECK ((company <> ''::text)),
    CONSTRAINT pilot_requests_email_check CHECK ((email ~~ '%_@_%'::text)),
    CONSTRAINT pilot_requests_name_check CHECK ((name <> ''::text))
);

ALTER TABLE pilot_requests ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE quarantine (
    device_id integer NOT NULL,
    epoch bigint NOT NULL,
    row_number bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    reading jsonb NOT NULL
);

CREATE TABLE refresh_tokens (
    sha256 bytea NOT NULL,
    session_id uuid NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE releases (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    factory_id integer NOT NULL,
    metric_id smallint NOT NULL,
    kind text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    keep_days integer NOT NULL,
    path text,
    sha256 bytea
);

ALTER TABLE releases ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE report_editions (
    id bigint NOT NULL,
    factory_id integer NOT NULL,
    kind text NOT NULL,
    period text NOT NULL,
    content_sha256 bytea NOT NULL,
    data_sha256 bytea NOT NULL,
    generated_at timestamp with time zone NOT NULL,
    CONSTRAINT report_editions_content_sha256_check CHECK ((length(content_sha256) = 32)),
    CONSTRAINT report_editions_data_sha256_check CHECK ((length(data_sha256) = 32)),
    CONSTRAINT report_editions_kind_check CHECK ((kind = ANY (ARRAY['weekly'::text, 'monthly'::text, 'compliance'::text])))
);

ALTER TABLE report_editions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE report_receipts (
    device_id integer NOT NULL,
    begin_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone NOT NULL,
    rows bigint NOT NULL,
    duplicates bigint NOT NULL
);

CREATE TABLE report_signatures (
    id bigint NOT NULL,
    "position" integer NOT NULL,
    factory_id integer NOT NULL,
    kind text NOT NULL,
    period text NOT NULL,
    begin_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone NOT NULL,
    signer text NOT NULL,
    meaning text NOT NULL,
    signed_at timestamp with time zone NOT NULL,
    report_sha256 bytea NOT NULL,
    data_sha256 bytea NOT NULL,
    replaces bytea,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    key text NOT NULL,
    bundle bytea NOT NULL,
    CONSTRAINT report_signatures_kind_check CHECK ((kind = ANY (ARRAY['weekly'::text, 'monthly'::text, 'compliance'::text]))),
    CONSTRAINT report_signatures_position_check CHECK (("position" > 0))
);

ALTER TABLE report_signatures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE retention_rules (
    factory_id integer NOT NULL,
    metric_id smallint NOT NULL,
    kind text NOT NULL,
    keep_days integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT retention_rules_keep_days_check CHECK ((keep_days > 0)),
    CONSTRAINT retention_rules_kind_check CHECK ((kind = ANY (ARRAY['readings'::text, 'minute'::text, 'hour'::text])))
);

CREATE TABLE rosters (
    id integer NOT NULL,
    factory_id integer NOT NULL,
    name text NOT NULL,
    weekdays smallint[] NOT NULL,
    begins time without time zone NOT NULL,
    ends time without time zone NOT NULL,
    lowest_priority smallint NOT NULL,
    after_minutes integer NOT NULL,
    contact_ids integer[] NOT NULL,
    CONSTRAINT rosters_after_minutes_check CHECK ((after_minutes >= 0)),
    CONSTRAINT rosters_lowest_priority_check CHECK (((lowest_priority >= 1) AND (lowest_priority <= 4)))
);

ALTER TABLE rosters ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE rule_changes (
    number bigint NOT NULL
);

CREATE TABLE rule_checkpoints (
    rule_id integer NOT NULL,
    seen_ms bigint NOT NULL,
    state bytea NOT NULL
);

CREATE TABLE rule_states (
    rule_id integer NOT NULL,
    phase text NOT NULL,
    state bytea NOT NULL,
    CONSTRAINT rule_states_phase_check CHECK ((phase = ANY (ARRAY['normal'::text, 'rising'::text, 'raised'::text, 'falling'::text])))
)
WITH (fillfactor='50');

CREATE TABLE rule_steps (
    id bigint NOT NULL,
    rule_id integer NOT NULL,
    version integer NOT NULL,
    level text NOT NULL,
    at_ms bigint NOT NULL,
    step text NOT NULL,
    value double precision,
    forecast_ms bigint,
    late boolean NOT NULL,
    shadow boolean NOT NULL,
    CONSTRAINT rule_steps_step_check CHECK ((step = ANY (ARRAY['raised'::text, 'cleared'::text, 'suppressed'::text, 'unsuppressed'::text])))
);

ALTER TABLE rule_steps ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE rule_versions (
    rule_id integer NOT NULL,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    rule jsonb NOT NULL
);

CREATE TABLE rules (
    id integer NOT NULL,
    factory_id integer NOT NULL,
    device_id integer NOT NULL,
    kind text NOT NULL,
    metric_id smallint,
    look jsonb NOT NULL,
    deadband double precision DEFAULT 0 NOT NULL,
    on_delay_seconds double precision DEFAULT 0 NOT NULL,
    off_delay_seconds double precision DEFAULT 0 NOT NULL,
    priority smallint NOT NULL,
    message text NOT NULL,
    cause text DEFAULT ''::text NOT NULL,
    consequence text DEFAULT ''::text NOT NULL,
    what_to_do text DEFAULT ''::text NOT NULL,
    respond_seconds double precision,
    suppress_while jsonb,
    latching boolean DEFAULT false NOT NULL,
    note_required boolean DEFAULT false NOT NULL,
    realarm_seconds double precision,
    alarm_class text DEFAULT 'alarm'::text NOT NULL,
    mode text DEFAULT 'draft'::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT rules_alarm_class_check CHECK ((alarm_class = ANY (ARRAY['alarm'::text, 'advisory'::text]))),
    CONSTRAINT rules_check CHECK (((kind = ANY (ARRAY['no_data'::text, 'health'::text])) = (metric_id IS NULL))),
    CONSTRAINT rules_check1 CHECK (((look ->> 'kind'::text) = kind)),
    CONSTRAINT rules_deadband_check CHECK ((deadband >= (0)::double precision)),
    CONSTRAINT rules_mode_check CHECK ((mode = ANY (ARRAY['draft'::text, 'shadow'::text, 'live'::text, 'out_of_service'::text]))),
    CONSTRAINT rules_off_delay_seconds_check CHECK ((off_delay_seconds >= (0)::double precision)),
    CONSTRAINT rules_on_delay_seconds_check CHECK ((on_delay_seconds >= (0)::double precision)),
    CONSTRAINT rules_priority_check CHECK (((priority >= 1) AND (priority <= 4)))
);

ALTER TABLE rules ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE runs (
    id bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);

ALTER TABLE runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE TABLE sealed_files (
    id bigint NOT NULL,
    factory_id integer NOT NULL,
    metric_id smallint NOT NULL,
    kind text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    generation integer NOT NULL,
    path text NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    scale smallint,
    sealed_at timestamp with time zone NOT NULL,
    state text DEFAULT 'live'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    checked_at timestamp with time zone NOT NULL,
    mirrored_at timestamp with time zone,
    CONSTRAINT sealed_files_check CHECK ((first_day <= last_day)),
    CONSTRAINT sealed_files_kind_check CHECK ((kind = ANY (ARRAY['readings'::text, 'minute'::text, 'hour'::text]))),
    CONSTRAINT sealed_files_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT sealed_files_state_check CHECK ((state = ANY (ARRAY['live'::text, 'replaced'::text, 'damaged'::text, 'released'::text])))
);

ALTER TABLE sealed_files ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE SEQUENCE sealed_generations
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE sealed_groups (
    file_id bigint NOT NULL,
    row_group integer NOT NULL,
    device_id integer NOT NULL,
    rows integer NOT NULL,
    first_ms bigint NOT NULL,
    last_ms bigint NOT NULL
);

CREATE VIEW sensor_readings AS
 SELECT b.device_id,
    d.name AS device,
    m.name AS metric,
    (b.start_at + ((r.offset_ms)::double precision * '00:00:00.001'::interval)) AS "time",
    NULLIF(r.reading, 'NaN'::double precision) AS value,
    m.unit,
    b.quality,
    lpad(to_hex(b.epoch), 16, '0'::text) AS epoch,
    ((b.first_row + r.n) - 1) AS row_number,
    b.received_at
   FROM ((((batches b
     JOIN devices d ON ((d.id = b.device_id)))
     CROSS JOIN LATERAL unnest(b.metric_ids) WITH ORDINALITY k(metric_id, "position"))
     JOIN metrics m ON ((m.id = k.metric_id)))
     CROSS JOIN LATERAL UNNEST(b.offsets_ms, b.readings[k."position":k."position"][:]) WITH ORDINALITY r(offset_ms, reading, n));

CREATE TABLE sessions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    address text NOT NULL,
    user_agent text NOT NULL
);

CREATE TABLE shelves (
    rule_id integer NOT NULL,
    level text NOT NULL,
    alert_id bigint NOT NULL,
    shelved_at timestamp with time zone NOT NULL,
    shelved_by integer,
    reason text NOT NULL,
    until timestamp with time zone NOT NULL
);

CREATE TABLE signal_looks (
    device_id integer NOT NULL,
    metric_id smallint NOT NULL,
    learnt_at timestamp with time zone,
    trended_at timestamp with time zone,
    trend jsonb
);

CREATE TABLE streams (
    device_id integer NOT NULL,
    epoch bigint NOT NULL,
    boot bigint,
    received int8multirange DEFAULT '{}'::int8multirange NOT NULL,
    base_ms bigint,
    first_ms bigint,
    last_ms bigint,
    dropped bigint DEFAULT 0 NOT NULL,
    duplicates bigint DEFAULT 0 NOT NULL,
    first_seen timestamp with time zone NOT NULL,
    last_seen timestamp with time zone NOT NULL,
    reset text
)
WITH (fillfactor='50');

CREATE VIEW unrolled_groups AS
 SELECT g.file_id,
    g.row_group,
    g.device_id,
    g.rows,
    g.first_ms,
    g.last_ms
   FROM (sealed_groups g
     JOIN sealed_files f ON ((f.id = g.file_id)))
  WHERE ((f.kind = 'readings'::text) AND (f.state = ANY (ARRAY['live'::text, 'damaged'::text])) AND (NOT (EXISTS ( SELECT
           FROM (sealed_files m
             JOIN sealed_groups n ON ((n.file_id = m.id)))
          WHERE ((m.kind = 'minute'::text) AND (m.state = ANY (ARRAY['live'::text, 'damaged'::text])) AND ((m.factory_id = f.factory_id) AND (m.metric_id = f.metric_id) AND (m.first_day = f.first_day) AND (m.last_day = f.last_day)) AND (n.device_id = g.device_id))))));

CREATE TABLE users (
    id integer NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    disabled_at timestamp with time zone,
    last_login_at timestamp with time zone,
    CONSTRAINT users_email_check CHECK (((email = lower(email)) AND (email ~~ '%_@_%'::text))),
    CONSTRAINT users_name_check CHECK ((name <> ''::text)),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['administrator'::text, 'technician'::text, 'operator'::text, 'manager'::text, 'compliance'::text])))
);

ALTER TABLE users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

CREATE VIEW whole_alerts AS
 SELECT a.id,
    a.factory_id,
    a.rule_id,
    a.device_id,
    d.name AS device,
    m.name AS machine,
    m.area,
    r.kind,
    a.level,
    c.name AS metric,
    c.unit_label,
    a.alarm_class,
    a.priority,
    a.message,
    r.cause,
    r.consequence,
    r.what_to_do,
    r.respond_seconds,
    r.note_required,
    r.mode,
    a.state,
    a.raised_at,
    a.raised_value,
    a."limit",
    a.late,
    a.forecast_at,
    a.cleared_at,
    (a.latching AND (a.cleared_at IS NOT NULL) AND (a.reset_at IS NULL)) AS latched,
    a.acknowledged_at,
    u.name AS acknowledged_by,
    a.note,
    a.suppressed_at,
    s.until AS shelved_until,
    k.name AS shelved_by,
    s.reason AS shelved_reason,
    a.escalation_step,
    a.realarmed_at,
    ((s.until IS NOT NULL) OR (a.suppressed_at IS NOT NULL)) AS hidden
   FROM (((((((alerts a
     JOIN rules r ON ((r.id = a.rule_id)))
     JOIN devices d ON ((d.id = a.device_id)))
     LEFT JOIN machines m ON ((m.id = d.machine_id)))
     LEFT JOIN metrics c ON ((c.id = r.metric_id)))
     LEFT JOIN users u ON ((u.id = a.acknowledged_by)))
     LEFT JOIN shelves s ON (((s.rule_id = a.rule_id) AND (s.level = a.level) AND ((a.state <> 'closed'::text) OR (s.alert_id = a.id)))))
     LEFT JOIN users k ON ((k.id = s.shelved_by)));

CREATE VIEW whole_rules AS
 SELECT r.id,
    r.factory_id,
    r.device_id,
    r.kind,
    m.name AS metric,
    r.look,
    r.deadband,
    r.on_delay_seconds,
    r.off_delay_seconds,
    r.priority,
    r.message,
    r.cause,
    r.consequence,
    r.what_to_do,
    r.respond_seconds,
    r.suppress_while,
    r.latching,
    r.note_required,
    r.realarm_seconds,
    r.alarm_class,
    r.mode,
    r.version
   FROM (rules r
     LEFT JOIN metrics m ON ((m.id = r.metric_id)));

ALTER TABLE ONLY alert_events
    ADD CONSTRAINT alert_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY audit
    ADD CONSTRAINT audit_hash_key UNIQUE (hash);

ALTER TABLE ONLY audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY backtests
    ADD CONSTRAINT backtests_pkey PRIMARY KEY (rule_id, version);

ALTER TABLE ONLY baselines
    ADD CONSTRAINT baselines_pkey PRIMARY KEY (device_id, metric_id, version);

ALTER TABLE ONLY contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cursors
    ADD CONSTRAINT cursors_pkey PRIMARY KEY (name);

ALTER TABLE ONLY deliveries
    ADD CONSTRAINT deliveries_event_id_contact_id_key UNIQUE (event_id, contact_id);

ALTER TABLE ONLY deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY device_commands
    ADD CONSTRAINT device_commands_pkey PRIMARY KEY (id);

ALTER TABLE ONLY device_configs
    ADD CONSTRAINT device_configs_pkey PRIMARY KEY (device_id, version);

ALTER TABLE ONLY device_firmware
    ADD CONSTRAINT device_firmware_pkey PRIMARY KEY (device_id);

ALTER TABLE ONLY device_intervals
    ADD CONSTRAINT device_intervals_pkey PRIMARY KEY (device_id, until_at);

ALTER TABLE ONLY device_keys
    ADD CONSTRAINT device_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY device_log
    ADD CONSTRAINT device_log_device_id_epoch_up_ms_what_detail_key UNIQUE (device_id, epoch, up_ms, what, detail);

ALTER TABLE ONLY device_log
    ADD CONSTRAINT device_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY devices
    ADD CONSTRAINT devices_factory_id_name_key UNIQUE (factory_id, name);

ALTER TABLE ONLY devices
    ADD CONSTRAINT devices_mac_key UNIQUE (mac);

ALTER TABLE ONLY devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY factories
    ADD CONSTRAINT factories_name_key UNIQUE (name);

ALTER TABLE ONLY factories
    ADD CONSTRAINT factories_pkey PRIMARY KEY (id);

ALTER TABLE ONLY firmware_releases
    ADD CONSTRAINT firmware_releases_pkey PRIMARY KEY (id);

ALTER TABLE ONLY firmware_releases
    ADD CONSTRAINT firmware_releases_version_key UNIQUE (version);

ALTER TABLE ONLY firmware_rollout_devices
    ADD CONSTRAINT firmware_rollout_devices_pkey PRIMARY KEY (rollout_id, device_id);

ALTER TABLE ONLY firmware_rollouts
    ADD CONSTRAINT firmware_rollouts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY health_scores
    ADD CONSTRAINT health_scores_pkey PRIMARY KEY (machine_id, at);

ALTER TABLE ONLY incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY late_rows
    ADD CONSTRAINT late_rows_pkey PRIMARY KEY (device_id, epoch, stop_row);

ALTER TABLE ONLY latest
    ADD CONSTRAINT latest_pkey PRIMARY KEY (device_id);

ALTER TABLE ONLY machines
    ADD CONSTRAINT machines_factory_id_name_key UNIQUE (factory_id, name);

ALTER TABLE ONLY machines
    ADD CONSTRAINT machines_pkey PRIMARY KEY (id);

ALTER TABLE ONLY memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (user_id, factory_id);

ALTER TABLE ONLY metrics
    ADD CONSTRAINT metrics_name_key UNIQUE (name);

ALTER TABLE ONLY metrics
    ADD CONSTRAINT metrics_pkey PRIMARY KEY (id);

ALTER TABLE ONLY migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY model_scores
    ADD CONSTRAINT model_scores_pkey PRIMARY KEY (rule_id, at);

ALTER TABLE ONLY model_states
    ADD CONSTRAINT model_states_pkey PRIMARY KEY (rule_id);

ALTER TABLE ONLY one_time_codes
    ADD CONSTRAINT one_time_codes_pkey PRIMARY KEY (sha256);

ALTER TABLE ONLY pilot_requests
    ADD CONSTRAINT pilot_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (device_id, epoch, row_number);

ALTER TABLE ONLY refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (sha256);

ALTER TABLE ONLY releases
    ADD CONSTRAINT releases_pkey PRIMARY KEY (id);

ALTER TABLE ONLY report_editions
    ADD CONSTRAINT report_editions_factory_id_kind_period_content_sha256_key UNIQUE (factory_id, kind, period, content_sha256);

ALTER TABLE ONLY report_editions
    ADD CONSTRAINT report_editions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY report_receipts
    ADD CONSTRAINT report_receipts_pkey PRIMARY KEY (device_id, begin_at, end_at);

ALTER TABLE ONLY report_signatures
    ADD CONSTRAINT report_signatures_hash_key UNIQUE (hash);

ALTER TABLE ONLY report_signatures
    ADD CONSTRAINT report_signatures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY report_signatures
    ADD CONSTRAINT report_signatures_position_key UNIQUE ("position");

ALTER TABLE ONLY retention_rules
    ADD CONSTRAINT retention_rules_pkey PRIMARY KEY (factory_id, metric_id, kind);

ALTER TABLE ONLY rosters
    ADD CONSTRAINT rosters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY rule_checkpoints
    ADD CONSTRAINT rule_checkpoints_pkey PRIMARY KEY (rule_id, seen_ms);

ALTER TABLE ONLY rule_states
    ADD CONSTRAINT rule_states_pkey PRIMARY KEY (rule_id);

ALTER TABLE ONLY rule_steps
    ADD CONSTRAINT rule_steps_pkey PRIMARY KEY (id);

ALTER TABLE ONLY rule_versions
    ADD CONSTRAINT rule_versions_pkey PRIMARY KEY (rule_id, version);

ALTER TABLE ONLY rules
    ADD CONSTRAINT rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY sealed_files
    ADD CONSTRAINT sealed_files_path_key UNIQUE (path);

ALTER TABLE ONLY sealed_files
    ADD CONSTRAINT sealed_files_pkey PRIMARY KEY (id);

ALTER TABLE ONLY sealed_groups
    ADD CONSTRAINT sealed_groups_pkey PRIMARY KEY (file_id, row_group);

ALTER TABLE ONLY sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY shelves
    ADD CONSTRAINT shelves_pkey PRIMARY KEY (rule_id, level);

ALTER TABLE ONLY signal_looks
    ADD CONSTRAINT signal_looks_pkey PRIMARY KEY (device_id, metric_id);

ALTER TABLE ONLY streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (device_id, epoch);

ALTER TABLE ONLY users
    ADD CONSTRAINT users_email_key UNIQUE (email);

ALTER TABLE ONLY users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX alert_events_alert_id ON alert_events USING btree (alert_id, id);

CREATE INDEX alert_events_pending ON alert_events USING btree (id) WHERE pending;

CREATE INDEX alerts_factory_id ON alerts USING btree (factory_id, raised_at DESC, id DESC);

CREATE INDEX alerts_latched ON alerts USING btree (rule_id, level) WHERE (latching AND (cleared_at IS NOT NULL) AND (reset_at IS NULL));

CREATE INDEX alerts_open ON alerts USING btree (factory_id) WHERE (state <> 'closed'::text);

CREATE INDEX alerts_rule_id ON alerts USING btree (rule_id, raised_at DESC);

CREATE UNIQUE INDEX alerts_standing ON alerts USING btree (rule_id, level) WHERE (cleared_at IS NULL);

CREATE INDEX batches_device_id_start_at ON ONLY batches USING btree (device_id, start_at);

CREATE INDEX batches_xid ON ONLY batches USING btree (xid);

CREATE INDEX contacts_factory_id ON contacts USING btree (factory_id);

CREATE INDEX deliveries_due ON deliveries USING btree (next_try_at) WHERE (state = 'queued'::text);

CREATE INDEX deliveries_factory_id ON deliveries USING btree (factory_id, id DESC);

CREATE INDEX device_commands_device_id ON device_commands USING btree (device_id, id);

CREATE UNIQUE INDEX device_commands_waiting ON device_commands USING btree (device_id, action) WHERE (done_at IS NULL);

CREATE INDEX device_keys_device_id ON device_keys USING btree (device_id);

CREATE INDEX device_log_device_id ON device_log USING btree (device_id, id);

CREATE INDEX firmware_rollout_devices_device_id ON firmware_rollout_devices USING btree (device_id);

CREATE UNIQUE INDEX firmware_rollouts_running ON firmware_rollouts USING btree (factory_id) WHERE (state = 'running'::text);

CREATE INDEX health_scores_at ON health_scores USING btree (at);

CREATE INDEX incidents_device_id ON incidents USING btree (device_id, from_at);

CREATE INDEX late_rows_last_ms ON late_rows USING btree (device_id, last_ms);

CREATE INDEX login_failures_address ON login_failures USING btree (address, at);

CREATE INDEX login_failures_email ON login_failures USING btree (email, at);

CREATE INDEX model_scores_at ON model_scores USING btree (at);

CREATE INDEX pilot_requests_at ON pilot_requests USING btree (at);

CREATE INDEX refresh_tokens_session_id ON refresh_tokens USING btree (session_id);

CREATE INDEX releases_factory_id ON releases USING btree (factory_id, id DESC);

CREATE INDEX report_signatures_factory_id ON report_signatures USING btree (factory_id, signed_at DESC);

CREATE INDEX rosters_factory_id ON rosters USING btree (factory_id);

CREATE INDEX rule_steps_rule_id ON rule_steps USING btree (rule_id, at_ms);

CREATE INDEX rules_device_id ON rules USING btree (device_id);

CREATE INDEX runs_last_seen_at ON runs USING btree (last_seen_at);

CREATE INDEX sealed_files_live ON sealed_files USING btree (factory_id, metric_id, kind, first_day) WHERE (state = ANY (ARRAY['live'::text, 'damaged'::text]));

CREATE INDEX sealed_groups_device_id ON sealed_groups USING btree (device_id, file_id, first_ms);

CREATE INDEX sessions_user_id ON sessions USING btree (user_id) WHERE (ended_at IS NULL);

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER count_rule_changes AFTER INSERT OR DELETE OR UPDATE ON rules FOR EACH STATEMENT EXECUTE FUNCTION count_rule_changes();

CREATE TRIGGER releases_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON releases FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER report_signatures_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON report_signatures FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE ONLY alert_events
    ADD CONSTRAINT alert_events_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES alerts(id) ON DELETE CASCADE;

ALTER TABLE ONLY alert_events
    ADD CONSTRAINT alert_events_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY alerts
    ADD CONSTRAINT alerts_acknowledged_by_fkey FOREIGN KEY (acknowledged_by) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY alerts
    ADD CONSTRAINT alerts_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY alerts
    ADD CONSTRAINT alerts_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE CASCADE;

ALTER TABLE ONLY alerts
    ADD CONSTRAINT alerts_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES rules(id) ON DELETE RESTRICT;

ALTER TABLE ONLY backtests
    ADD CONSTRAINT backtests_rule_id_version_fkey FOREIGN KEY (rule_id, version) REFERENCES rule_versions(rule_id, version) ON DELETE CASCADE;

ALTER TABLE ONLY baselines
    ADD CONSTRAINT baselines_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY baselines
    ADD CONSTRAINT baselines_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES metrics(id);

ALTER TABLE ONLY contacts
    ADD CONSTRAINT contacts_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE CASCADE;

ALTER TABLE ONLY contacts
    ADD CONSTRAINT contacts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY deliveries
    ADD CONSTRAINT deliveries_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES alerts(id) ON DELETE CASCADE;

ALTER TABLE ONLY deliveries
    ADD CONSTRAINT deliveries_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES contacts(id) ON DELETE SET NULL;

ALTER TABLE ONLY deliveries
    ADD CONSTRAINT deliveries_event_id_fkey FOREIGN KEY (event_id) REFERENCES alert_events(id) ON DELETE CASCADE;

ALTER TABLE ONLY deliveries
    ADD CONSTRAINT deliveries_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE CASCADE;

ALTER TABLE ONLY device_commands
    ADD CONSTRAINT device_commands_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY device_configs
    ADD CONSTRAINT device_configs_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY device_firmware
    ADD CONSTRAINT device_firmware_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY device_intervals
    ADD CONSTRAINT device_intervals_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE RESTRICT;

ALTER TABLE ONLY device_keys
    ADD CONSTRAINT device_keys_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY device_keys
    ADD CONSTRAINT device_keys_replaces_fkey FOREIGN KEY (replaces) REFERENCES device_keys(id) ON DELETE SET NULL;

ALTER TABLE ONLY device_log
    ADD CONSTRAINT device_log_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY devices
    ADD CONSTRAINT devices_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE RESTRICT;

ALTER TABLE ONLY devices
    ADD CONSTRAINT devices_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(id) ON DELETE SET NULL;

ALTER TABLE ONLY firmware_rollout_devices
    ADD CONSTRAINT firmware_rollout_devices_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY firmware_rollout_devices
    ADD CONSTRAINT firmware_rollout_devices_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES firmware_rollouts(id) ON DELETE CASCADE;

ALTER TABLE ONLY firmware_rollouts
    ADD CONSTRAINT firmware_rollouts_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE RESTRICT;

ALTER TABLE ONLY firmware_rollouts
    ADD CONSTRAINT firmware_rollouts_release_id_fkey FOREIGN KEY (release_id) REFERENCES firmware_releases(id) ON DELETE SET NULL;

ALTER TABLE ONLY health_scores
    ADD CONSTRAINT health_scores_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(id) ON DELETE CASCADE;

ALTER TABLE ONLY incidents
    ADD CONSTRAINT incidents_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY incidents
    ADD CONSTRAINT incidents_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE CASCADE;

ALTER TABLE ONLY late_rows
    ADD CONSTRAINT late_rows_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE RESTRICT;

ALTER TABLE ONLY latest
    ADD CONSTRAINT latest_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY machines
    ADD CONSTRAINT machines_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE CASCADE;

ALTER TABLE ONLY memberships
    ADD CONSTRAINT memberships_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE CASCADE;

ALTER TABLE ONLY memberships
    ADD CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY model_scores
    ADD CONSTRAINT model_scores_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES rules(id) ON DELETE CASCADE;

ALTER TABLE ONLY model_states
    ADD CONSTRAINT model_states_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES rules(id) ON DELETE CASCADE;

ALTER TABLE ONLY one_time_codes
    ADD CONSTRAINT one_time_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY quarantine
    ADD CONSTRAINT quarantine_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE RESTRICT;

ALTER TABLE ONLY refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY releases
    ADD CONSTRAINT releases_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE RESTRICT;

ALTER TABLE ONLY releases
    ADD CONSTRAINT releases_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES metrics(id);

ALTER TABLE ONLY report_editions
    ADD CONSTRAINT report_editions_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE RESTRICT;

ALTER TABLE ONLY report_receipts
    ADD CONSTRAINT report_receipts_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY report_signatures
    ADD CONSTRAINT report_signatures_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE RESTRICT;

ALTER TABLE ONLY retention_rules
    ADD CONSTRAINT retention_rules_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE CASCADE;

ALTER TABLE ONLY retention_rules
    ADD CONSTRAINT retention_rules_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES metrics(id);

ALTER TABLE ONLY rosters
    ADD CONSTRAINT rosters_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE CASCADE;

ALTER TABLE ONLY rule_checkpoints
    ADD CONSTRAINT rule_checkpoints_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES rules(id) ON DELETE CASCADE;

ALTER TABLE ONLY rule_states
    ADD CONSTRAINT rule_states_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES rules(id) ON DELETE CASCADE;

ALTER TABLE ONLY rule_steps
    ADD CONSTRAINT rule_steps_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES rules(id) ON DELETE CASCADE;

ALTER TABLE ONLY rule_versions
    ADD CONSTRAINT rule_versions_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES rules(id) ON DELETE CASCADE;

ALTER TABLE ONLY rules
    ADD CONSTRAINT rules_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY rules
    ADD CONSTRAINT rules_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE CASCADE;

ALTER TABLE ONLY rules
    ADD CONSTRAINT rules_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES metrics(id);

ALTER TABLE ONLY sealed_files
    ADD CONSTRAINT sealed_files_factory_id_fkey FOREIGN KEY (factory_id) REFERENCES factories(id) ON DELETE RESTRICT;

ALTER TABLE ONLY sealed_files
    ADD CONSTRAINT sealed_files_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES metrics(id);

ALTER TABLE ONLY sealed_groups
    ADD CONSTRAINT sealed_groups_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE RESTRICT;

ALTER TABLE ONLY sealed_groups
    ADD CONSTRAINT sealed_groups_file_id_fkey FOREIGN KEY (file_id) REFERENCES sealed_files(id) ON DELETE CASCADE;

ALTER TABLE ONLY sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY shelves
    ADD CONSTRAINT shelves_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES alerts(id) ON DELETE CASCADE;

ALTER TABLE ONLY shelves
    ADD CONSTRAINT shelves_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES rules(id) ON DELETE CASCADE;

ALTER TABLE ONLY shelves
    ADD CONSTRAINT shelves_shelved_by_fkey FOREIGN KEY (shelved_by) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY signal_looks
    ADD CONSTRAINT signal_looks_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE;

ALTER TABLE ONLY signal_looks
    ADD CONSTRAINT signal_looks_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES metrics(id);

ALTER TABLE ONLY streams
    ADD CONSTRAINT streams_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE RESTRICT;

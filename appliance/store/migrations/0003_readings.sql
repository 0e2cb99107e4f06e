-- Readings: the batch is the row. The ledger decides what is new; nothing else does.

-- One row for each start of a node. `received` holds the row numbers that are committed, for ever.
-- base_ms: UTC of the node's uptime 0, if ever known. first_ms, last_ms: earliest and latest reading.
create table streams (
    device_id   int not null references devices on delete restrict,
    epoch       bigint not null,
    boot        bigint,
    received    int8multirange not null default '{}',
    base_ms     bigint,
    first_ms    bigint,
    last_ms     bigint,
    dropped     bigint not null default 0,
    duplicates  bigint not null default 0,
    first_seen  timestamptz not null,
    last_seen   timestamptz not null,
    primary key (device_id, epoch)
) with (fillfactor = 50);

-- Rows first_row .. first_row + cardinality(offsets_ms) - 1 of one epoch, within one UTC day.
-- readings[m][i] is metric_ids[m] at start_at + offsets_ms[i]; NaN: the sensor gave nothing.
-- xid orders committed batches for those who follow them.
create table batches (
    start_at    timestamptz not null,
    xid         xid8 not null default pg_current_xact_id(),
    epoch       bigint not null,
    first_row   bigint not null,
    received_at timestamptz not null,
    device_id   int not null,
    quality     smallint not null,
    metric_ids  int2[] not null,
    offsets_ms  int4[] not null,
    readings    float8[] not null
) partition by range (start_at);
create index batches_device_id_start_at on batches (device_id, start_at);
create index batches_xid on batches (xid);

-- A new day is attached, not created as a partition: that would lock the table against its readers.
create function create_batches_partition(day date) returns void language plpgsql as $$
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

-- Readings that cannot take their place in time; received and acknowledged all the same.
create table quarantine (
    device_id   int not null references devices on delete restrict,
    epoch       bigint not null,
    row_number  bigint not null,
    received_at timestamptz not null,
    reason      text not null,
    reading     jsonb not null,
    primary key (device_id, epoch, row_number)
);

-- The newest reading of each metric, by device: metric_ids[i] had readings[i] at times_ms[i].
create table latest (
    device_id   int primary key references devices on delete cascade,
    received_at timestamptz not null,
    metric_ids  int2[] not null,
    times_ms    int8[] not null,
    readings    float8[] not null,
    health      jsonb
) with (fillfactor = 50);

-- Readings one by one, for people.
create view sensor_readings as
select b.device_id,
       d.name as device,
       m.name as metric,
       b.start_at + r.offset_ms * interval '1 ms' as time,
       nullif(r.reading, 'NaN') as value,
       m.unit,
       b.quality,
       lpad(to_hex(b.epoch), 16, '0') as epoch,
       b.first_row + r.n - 1 as row_number,
       b.received_at
  from batches b
  join devices d on d.id = b.device_id
 cross join lateral unnest(b.metric_ids) with ordinality as k (metric_id, position)
  join metrics m on m.id = k.metric_id
 cross join lateral rows from (
           unnest(b.offsets_ms),
           unnest(b.readings[k.position:k.position][:])
       ) with ordinality as r (offset_ms, reading, n);

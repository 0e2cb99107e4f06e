-- What a certificate of completeness is proved with, beside the ledger and the readings.

-- When the appliance took readings: from started_at to last_seen_at, noted every few seconds.
-- ended_at: it was stopped in order; null: it runs, or nobody knows how it ended.
create table runs (
    id           bigint generated always as identity primary key,
    started_at   timestamptz not null,
    last_seen_at timestamptz not null,
    ended_at     timestamptz
);
create index runs_last_seen_at on runs (last_seen_at);

-- Why the node started, as it said in this start.
alter table streams add column reset text;

-- Rows first_row .. stop_row - 1 of one epoch and one UTC day that came late: when the first and
-- the last of them were taken and received.
create table late_rows (
    device_id         int not null references devices on delete restrict,
    epoch             bigint not null,
    first_row         bigint not null,
    stop_row          bigint not null,
    first_ms          bigint not null,
    last_ms           bigint not null,
    first_received_ms bigint not null,
    last_received_ms  bigint not null,
    primary key (device_id, epoch, stop_row)
);
create index late_rows_last_ms on late_rows (device_id, last_ms);

-- What was expected of devices before: until until_at a row every interval_ms. What is expected now
-- is with the device.
create table device_intervals (
    device_id   int not null references devices on delete restrict,
    until_at    timestamptz not null,
    interval_ms int not null check (interval_ms > 0),
    primary key (device_id, until_at)
);

-- Every interval of every device, what is expected now included.
create view expected_intervals as
    select device_id,
           lag(until_at, 1, '-infinity') over (partition by device_id order by until_at) as from_at,
           until_at, interval_ms
      from (
        select device_id, until_at, interval_ms from device_intervals
        union all
        select id, 'infinity', expected_interval_ms from devices
      ) as each;

-- How many rows are expected of a device in a stretch of time: of a change, each side's share.
create function expected_rows(device int, first_at timestamptz, stop_at timestamptz)
returns float8 language sql stable as $$
    select coalesce(sum(extract(epoch from least(until_at, stop_at) - greatest(from_at, first_at))
                        * 1000 / interval_ms), 0)::float8
      from expected_intervals
     where device_id = device and until_at > first_at and from_at < stop_at
$$;

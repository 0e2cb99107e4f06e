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

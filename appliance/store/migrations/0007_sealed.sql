-- Sealed history: which files of the archive are the truth for which days.

-- A file holds one metric of one factory for the UTC days first_day .. last_day, sorted by device and time.
-- kind 'readings': raw; 'minute', 'hour': roll-ups. A live file and the hot batches never hold the same row.
-- scale: value is a decimal with so many digits after the point; null: value is a double.
create table sealed_files (
    id         bigint generated always as identity primary key,
    factory_id int not null references factories on delete restrict,
    metric_id  smallint not null references metrics,
    kind       text not null check (kind in ('readings', 'minute', 'hour')),
    first_day  date not null,
    last_day   date not null,
    generation int not null,
    path       text not null unique,
    rows       bigint not null,
    bytes      bigint not null,
    sha256     bytea not null check (length(sha256) = 32),
    scale      smallint,
    sealed_at  timestamptz not null,
    state      text not null default 'live' check (state in ('live', 'replaced', 'damaged', 'released')),
    reason     text not null default '',
    changed_at timestamptz not null,
    check (first_day <= last_day)
);
create index sealed_files_live on sealed_files (factory_id, metric_id, kind, first_day)
    where state in ('live', 'damaged');

-- The row groups of a file: each holds one device.
create table sealed_groups (
    file_id   bigint not null references sealed_files on delete cascade,
    row_group int not null,
    device_id int not null references devices on delete restrict,
    rows      int not null,
    first_ms  bigint not null,
    last_ms   bigint not null,
    primary key (file_id, row_group)
);
create index sealed_groups_device_id on sealed_groups (device_id, first_ms);

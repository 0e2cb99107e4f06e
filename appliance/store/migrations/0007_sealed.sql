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
    checked_at timestamptz not null, -- when its hash was last compared
    mirrored_at timestamptz,         -- when its copy in the bucket was read back and found the same
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
create index sealed_groups_device_id on sealed_groups (device_id, file_id, first_ms);

-- The row groups of raw readings of which no minutes are sealed: the device is slow, and its readings
-- take fewer bytes.
create view unrolled_groups as
select g.*
  from sealed_groups g join sealed_files f on f.id = g.file_id
 where f.kind = 'readings' and f.state in ('live', 'damaged')
   and not exists (
       select from sealed_files m join sealed_groups n on n.file_id = m.id
        where m.kind = 'minute' and m.state in ('live', 'damaged')
          and (m.factory_id, m.metric_id, m.first_day, m.last_day)
            = (f.factory_id, f.metric_id, f.first_day, f.last_day)
          and n.device_id = g.device_id);

-- Each sealing has its own number, so that none ever writes to the path of another.
create sequence sealed_generations as int;

-- Takes out of a day's partition what is sealed: all rows of transactions before one, none of which
-- has come since. restored: how many of them have the number 0, as rows of a restored database do.
create function remove_sealed_batches(day date, before xid8, restored bigint) returns void
language plpgsql as $$
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

-- Drops a day's partition if it is empty.
create function drop_empty_batches_partition(day date) returns boolean language plpgsql as $$
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

-- What is learnt of signals and said of machines: baselines, trends, health, the scores of models.

-- Each version holds from learnt_at until the next. mid, scale: 168 hours of the plant's week, Monday's
-- first hour first; NaN where nothing was learnt. hours: whether they were learnt by week or by day.
create table baselines (
    device_id  int not null references devices on delete cascade,
    metric_id  smallint not null references metrics,
    version    int not null check (version > 0),
    learnt_at  timestamptz not null,
    from_ms    bigint not null,
    to_ms      bigint not null,
    hours      text not null check (hours in ('week', 'day')),
    mid        float8[] not null check (cardinality(mid) = 168),
    scale      float8[] not null check (cardinality(scale) = 168),
    resolution float8 not null,
    primary key (device_id, metric_id, version)
);

-- When each signal's history was last looked at for a baseline and for a trend, and what that is.
-- trend: a Trend of appliance/model/insight.py.
create table signal_looks (
    device_id  int not null references devices on delete cascade,
    metric_id  smallint not null references metrics,
    learnt_at  timestamptz,
    trended_at timestamptz,
    trend      jsonb,
    primary key (device_id, metric_id)
);

-- One row a minute, of which those of full hours are kept. score: null if nothing was measured.
-- quality: the share of what was expected that came. why: the Reasons of appliance/model/health.py.
create table health_scores (
    machine_id int not null references machines on delete cascade,
    at         timestamptz not null,
    score      float8 check (score between 0 and 100),
    quality    float8 not null check (quality between 0 and 1),
    version    int not null,
    why        jsonb not null,
    primary key (machine_id, at)
);
create index health_scores_at on health_scores (at);

-- What models answered, by the end of the window they were asked about.
create table model_scores (
    rule_id int not null references rules on delete cascade,
    at      timestamptz not null,
    score   float8 not null,
    note    text not null default '',
    primary key (rule_id, at)
);
create index model_scores_at on model_scores (at);

-- How it goes with each model. failures: in a row. open_until: until then it is not asked.
create table model_states (
    rule_id     int primary key references rules on delete cascade,
    asked_at    timestamptz not null,
    answered_at timestamptz,
    failures    int not null default 0,
    open_until  timestamptz,
    error       text not null default ''
);

-- The board a device runs on. Flashed again, the same board stays the same device.

alter table devices add column mac macaddr unique;

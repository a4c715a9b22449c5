-- Version 2: tries of a step that failed for now, and the newest progress of a step.
alter table cmdsrv_runs add column retry_wait integer;
alter table cmdsrv_runs add column retry_tries integer;
alter table cmdsrv_runs add column retry_doublings integer;
alter table cmdsrv_runs add column retry_pause_ms integer;
alter table cmdsrv_runs add column retry_next_us integer;
alter table cmdsrv_runs add column retry_waited_ms integer;
alter table cmdsrv_runs add column progress text;

-- Version 1 of the file. The first two tables are those of the Python program, to the letter: it must be able to read and
-- write this file. Their rowid is the id. A file of the Python program has them already; then only the rest is added.
-- Never edit a released version: the next one is a file of its own, listed in migrations.cpp.

create table if not exists commands (cmd_msg text, create_datetime text);

create table if not exists jobs (cmd_rowid integer, cmd_step_no integer, depend_on_job_id integer, has_dependent text,
  job_command text, opt_args_json text, job_pid integer, job_output text, job_status text, create_datetime text,
  last_update_datetime text);

-- closed_cleanly: 0 while a daemon has the file open; last_command_id, last_job_id: never given out again.
create table if not exists cmdsrv_meta (key text primary key, value integer);

-- The newest run of a job's step. Times are microseconds since 1970 (UTC): an hour that happens twice stays clear.
create table if not exists cmdsrv_runs (job_id integer primary key, attempt integer, boot_id text, start_ticks integer,
  started_us integer, ended_us integer, exit text, reason text, cancel_wanted integer, output_total integer,
  restarts_without_progress integer);

-- Partial: the few unfinished jobs are found at once among any number of ended ones.
create index if not exists cmdsrv_jobs_unfinished on jobs (job_status)
  where job_status in ('SCHEDULED', 'STARTED', 'RESTARTED');
create index if not exists cmdsrv_jobs_group on jobs (cmd_rowid);
-- Covers the search by age: the column lies behind job_output in the row, up to a MiB away from its beginning.
create index if not exists cmdsrv_jobs_created on jobs (create_datetime, cmd_rowid);

-- Version 3: the kind of a reason, for programs; the sentence for people is beside it.
alter table cmdsrv_runs add column reason_code text;

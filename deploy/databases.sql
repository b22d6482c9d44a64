-- The log's database is made by the image; keys are backed up apart from the log, read models not at all. web holds
-- sessions, passwords and drafts.
CREATE DATABASE keys;
CREATE DATABASE read_models;
CREATE DATABASE web;

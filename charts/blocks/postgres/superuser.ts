/**
 * What a superuser says first in each database, for psql: no notices, and nothing that somebody has made there is called
 * by the names of what PostgreSQL brings, with the rights of the superuser.
 *
 * Source: PostgreSQL's documentation, "Writing SECURITY DEFINER Functions Safely" and CVE-2018-1058.
 */
export const carefully = `set client_min_messages to warning;
set search_path to '';`;

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(__dirname, 'scripts');

const texts = Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

/** What pods run that serve with pgBackRest. */
export const serveFile = { 'serve.sh': texts['serve.sh'] ?? '' };

/** What a member runs to bring its write-ahead log to the repositories, and to fetch it from there. */
export const archiveFiles = { 'push.sh': texts['push.sh'] ?? '', 'get.sh': texts['get.sh'] ?? '' };

/** What Jobs run, by file name, for the folder /scripts; `with-lock.sh` is for whoever must not run beside a backup. */
export const jobScripts: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(texts).filter(([name]) => !(name in serveFile || name in archiveFiles)),
);

import type { ParseResult } from 'libpg-query';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { assertPeerVersion } from '../postgres/peer-versions.ts';

/** PostgreSQL's own parser. */
export interface SqlParser {
  /** @throws Error if the text is not SQL of the parser's version */
  parseSync(sql: string): ParseResult;
  /** Replaces constants with parameters. */
  normalizeSync(sql: string): string;
  /** Equal for statements that differ only in constants. */
  fingerprintSync(sql: string): string;
}

/**
 * Loads the parser, an optional dependency of 2 MB.
 * @throws OnlineMigrationError if it is not installed, or in another version
 */
export async function loadSqlParser(): Promise<SqlParser> {
  assertPeerVersion('libpg-query');
  const parser = await import('libpg-query').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new OnlineMigrationError(
      'SQL_PARSER_MISSING',
      '`onUnfollowedStatement` needs libpg-query, which is not installed: install it as a development dependency, ' +
        'or leave the option out.',
      { name: 'libpg-query' },
      { cause: error },
    );
  });
  await parser.loadModule();
  return parser;
}

import type { Node, ParseResult } from 'libpg-query';

/** PostgreSQL's own parser. */
export interface SqlParser {
  /** @throws Error if the text is not SQL of the parser's version */
  parseSync(sql: string): ParseResult;
  /** Replaces constants with parameters. */
  normalizeSync(sql: string): string;
  /** Equal for statements that differ only in constants. */
  fingerprintSync(sql: string): string;
  /** Writes a statement. The result may lack parts of it: see `writeStatement`. */
  deparse(tree: Node): string;
}

/** Loads the parser. It takes 2 MB and some tenths of a second, so only a caller that needs it loads it. */
export async function loadSqlParser(): Promise<SqlParser> {
  const [parser, { StatementDeparser }] = await Promise.all([
    import('libpg-query'),
    import('./statement-deparser.ts'),
  ]);
  await parser.loadModule();
  const { parseSync, normalizeSync, fingerprintSync } = parser;
  return {
    parseSync,
    normalizeSync,
    fingerprintSync,
    deparse: (tree) => new StatementDeparser(tree, { pretty: false }).deparseQuery(),
  };
}

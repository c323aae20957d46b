import type { ReadMigration, SqlText } from './migration-file.ts';
import { toolRunOf } from './tool-run.ts';

/**
 * A line that begins one of the two ways: `-- +goose Up`, `-- +migrate Down`, `-- migrate:up transaction:false`, `-- Down Migration`,
 * `-- down`.
 */
const WAY =
  /^[ \t]*--[ \t]*(?:\+(?:goose|migrate|micrate)[ \t]+|migrate:)?(?<way>up|down)(?:[ \t]+(?:migration|notransaction|transaction:\w+))?[ \t]*:?[ \t]*\r?$/gim;

/** The line that begins a changeset of Liquibase. */
const CHANGESET = /^[ \t]*--[ \t]*changeset[ \t].*$/gim;

/** Reads the way up of a file of SQL. Lines keep their numbers. */
export function readSqlFile(file: string, source: string): ReadMigration {
  return { texts: changesetsIn(wayUp(source)), tool: toolRunOf(file, source) };
}

/** One text for each changeset, of which those with a transaction are blocks, and one for the lines before them. */
function changesetsIn(sql: string): SqlText[] {
  const marks = [...sql.matchAll(CHANGESET)];
  return [undefined, ...marks].map((mark, index) => {
    const from = mark?.index ?? 0;
    const hasTransaction = mark !== undefined && !/\brunInTransaction:false\b/i.test(mark[0]);
    return {
      sql: sql.slice(from, marks[index]?.index),
      line: sql.slice(0, from).split('\n').length,
      ...(hasTransaction && { block: index }),
    };
  });
}

function wayUp(source: string): string {
  const marks = [...source.matchAll(WAY)];
  let sql = '';
  let isUp = marks[0]?.groups?.['way']?.toLowerCase() !== 'up';
  let from = 0;
  for (const mark of [...marks, undefined]) {
    const part = source.slice(from, mark?.index);
    sql += isUp ? part : part.replaceAll(/[^\n]/g, '');
    if (mark === undefined) break;
    isUp = mark.groups!['way']!.toLowerCase() === 'up';
    from = mark.index;
  }
  return sql;
}

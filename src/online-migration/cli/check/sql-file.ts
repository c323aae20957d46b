import type { ReadMigration } from './migration-file.ts';

/**
 * A line that begins one of the two ways: `-- +goose Up`, `-- +migrate Down`, `-- migrate:up transaction:false`, `-- Down Migration`,
 * `-- down`.
 */
const WAY =
  /^[ \t]*--[ \t]*(?:\+(?:goose|migrate|micrate)[ \t]+|migrate:)?(?<way>up|down)(?:[ \t]+(?:migration|notransaction|transaction:\w+))?[ \t]*:?[ \t]*\r?$/gim;

/** Reads the way up of a file of SQL. Lines keep their numbers. */
export function readSqlFile(source: string): ReadMigration {
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
  return { texts: [{ sql, line: 1 }] };
}

import { expect, it } from '@jest/globals';
import { loadSqlParser } from '../../../src/online-migration/sql/sql-parser.ts';
import { writeStatement } from '../../../src/online-migration/sql/write-statement.ts';

it.each([
  `ALTER TABLE "Odd S"."Odd T" ADD CONSTRAINT "Odd ""C" UNIQUE USING INDEX "Odd ""I" DEFERRABLE INITIALLY DEFERRED`,
  `ALTER TABLE t ADD CONSTRAINT "order" PRIMARY KEY USING INDEX "table"`,
  `ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT ("Odd )", b) INCLUDE ("Odd X", y) WITH (fillfactor=70) DEFERRABLE`,
  `ALTER TABLE t ADD CONSTRAINT c PRIMARY KEY (a) INCLUDE (b) WITH (fillfactor=70) USING INDEX TABLESPACE "Odd ""T"`,
])('a statement is written with all of its parts: %s', async (sql) => {
  const parser = await loadSqlParser();
  const written = writeStatement(parser, parser.parseSync(sql).stmts![0]!.stmt!);
  expect(written).toBe(sql);
});

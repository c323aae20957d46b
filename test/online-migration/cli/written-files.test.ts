import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { readCodeForm } from '../../../src/online-migration/new-change/code-form.ts';
import { extendedList } from '../../../src/online-migration/new-change/written-files.ts';
import { refusedWith } from '../../support/refused-with.ts';

async function extend(list: string): Promise<unknown> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'change-list-'));
  await mkdir(join(folder.path, 'src'));
  await writeFile(join(folder.path, 'src/column-changes.ts'), list);
  return await extendedList(
    folder.path,
    [{ declaration: 'orderTotalChange', module: 'order/total-change' }],
    readCodeForm(folder.path),
  );
}

it('a list of changes in another form is refused', async () => {
  await expect(extend('export const changes = [];')).rejects.toMatchObject(
    refusedWith('CHANGE_LIST_NOT_FOUND', 'has no line `export const columnChanges'),
  );
});

it('a declaration of a name that is listed already is refused', async () => {
  const list = 'export const columnChanges: readonly ColumnChange[] = [orderTotalChange];';
  await expect(extend(list)).rejects.toMatchObject(
    refusedWith('DECLARATION_EXISTS', 'has a orderTotalChange already'),
  );
});

import { expect } from '@jest/globals';
import { type CreatedProject, openCreatedProject } from '../../support/created-project.ts';
import { smallProject } from '../../support/small-project.ts';
import type { TestedDatabase } from '../../support/tested-database.ts';

/** The table before its entity was edited, with a row. */
export const EDITED_TABLE = [
  `create table orders (id serial primary key, total text not null, note text, memo text)`,
  `insert into orders (total) values ('1')`,
];

/** `note` and `memo` are gone; `remark` and a required `extra` have come. */
const ENTITIES = `[defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.integer().primary().autoincrement(),
    total: p.text(),
    remark: p.text().nullable(),
    extra: p.string(),
  },
})]`;

/** Opens a project whose entity has been edited. */
export function openEditedProject(
  { url }: Pick<TestedDatabase, 'url'>,
  entities = ENTITIES,
): Promise<CreatedProject> {
  return openCreatedProject(url, smallProject({ entities }));
}

export async function expectNothingWritten(project: CreatedProject): Promise<void> {
  expect((await project.files()).filter((file) => /migrations|src/.test(file))).toEqual([]);
}

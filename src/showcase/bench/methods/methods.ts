import { engine } from './engine.ts';
import { gitlabAlgorithm } from './gitlab.ts';
import { type Method, METHOD_NAMES, type MethodName } from './method.ts';
import { onlineMigrationsAlgorithm } from './online-migrations.ts';
import { pgrollAlgorithm } from './pgroll.ts';
import { alterColumnType, inLimit, keyRanges, wholeTable } from './recipes.ts';

const ALL: readonly Method[] = [
  inLimit,
  keyRanges,
  wholeTable,
  alterColumnType,
  pgrollAlgorithm,
  onlineMigrationsAlgorithm,
  gitlabAlgorithm,
  engine(1),
  engine(2),
];

/** All methods in the order of the report. */
export const METHODS: readonly Method[] = METHOD_NAMES.map(methodNamed);

export function methodNamed(wanted: MethodName): Method {
  return ALL.find(({ name }) => name === wanted)!;
}

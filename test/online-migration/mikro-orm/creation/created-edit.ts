import type { AnswerOptions } from '../../../../src/online-migration/mikro-orm/creation/questions/answers.ts';
import type { Edit } from '../../ordinary/edits/edit.ts';
import type { Values } from './printed-answers.ts';

/** The answers of the author of an edit. */
export interface Author {
  /** In place of the printed ones. */
  readonly answers?: AnswerOptions;
  /** Expressions for the `…` of printed commands, by the column. */
  readonly values?: Values;
}

/** The course of an edit. Empty lists mean that all is as the entities say. */
export interface Course {
  /** The questions, as the error names them: `column public.orders.note`. */
  readonly asked: readonly string[];
  /** The migrations of each `migration:create`; the ordinary one is `ordinary`. */
  readonly written: readonly (readonly string[])[];
  /** Why `migration:create`, `migration:up` or `migration:down` refuses. */
  readonly refused?: string;
  /** Differences from the catalog that MikroORM makes of the entities. */
  readonly differs: readonly string[];
  /** Rows that do not have their values. */
  readonly lost: readonly string[];
  /** Differences from the catalog before, after all migrations were reverted or the first one was refused. */
  readonly left: readonly string[];
}

/** An edit of entities whose migrations the package writes. */
export interface CreatedEdit extends Edit {
  readonly author?: Author;
  /** Parts that differ from those of most edits: one ordinary migration does all without a question. */
  readonly course?: Partial<Course>;
}

/** The migrations of a column change: `orders_total`. */
export function phasesOf(column: string): string[] {
  return ['expand', 'backfill', 'enforce', 'contract', 'rename'].map((phase) => `${phase}_${column}`);
}

import type { Project } from '../../../new-change/plan-keys.ts';
import type { Session } from '../../../postgres/session.ts';
import type { SchemaComparison } from '../../comparison/online-schema-generator.ts';
import type { Answers } from '../questions/answers.ts';
import type { Ask } from '../questions/questions.ts';

/** The surroundings of a new migration. */
export interface Deciding {
  readonly comparison: SchemaComparison;
  readonly answers: Answers;
  /** Undefined if nobody can answer. */
  readonly ask: Ask | undefined;
  /** Undefined without the database, which a comparison with a snapshot file does not need. */
  readonly session: Session | undefined;
  readonly project: Project;
  /** The schema of tables without one. */
  readonly defaultSchema: string;
  /** Whether the application follows declared changes. */
  readonly isFollowing: boolean;
}

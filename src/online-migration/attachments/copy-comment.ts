import { createHash } from 'node:crypto';
import { escapeLiteral } from 'pg';

/*
 * The comment of a copy says that the package made it, and from which definition. So a copy is recognized if its
 * original was dropped or renamed meanwhile, and if the original was replaced by another one of the same name.
 */

const MARK = 'Copy for online-migration, made from ';

/** An index, a check or a foreign key. */
export interface Original {
  readonly name: string;
  /** Its definition, without its name and its validation. */
  readonly text: string;
}

/** The comment of a copy, as an SQL literal. */
export function copyComment(original: Original): string {
  return escapeLiteral(commentOf(original));
}

/** Whether a comment is that of a copy. */
export function isCopyComment(comment: string | null): boolean {
  return comment?.startsWith(MARK) ?? false;
}

/**
 * Whether a copy was made from another definition than the original has now. A copy without the comment was made from the
 * present one: a run was killed behind its creation, or an earlier version made it.
 */
export function isOfEarlierDefinition(comment: string | null, original: Original): boolean {
  return isCopyComment(comment) && comment !== commentOf(original);
}

function commentOf({ text }: Original): string {
  return MARK + createHash('sha256').update(text).digest('hex').slice(0, 16);
}

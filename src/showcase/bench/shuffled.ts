import type { Choices } from '../harness/choices.ts';

/** The same items in a random order, each order as likely as any other (Fisher–Yates). */
export function shuffled<T>(items: readonly T[], choices: Choices): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(choices.below(rest.length), 1)[0]!);
}

import type { Choices } from '../harness/choices.ts';

/** The items in a random order, each order equally likely (Fisher–Yates). */
export function shuffled<T>(items: readonly T[], choices: Choices): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(choices.below(rest.length), 1)[0]!);
}

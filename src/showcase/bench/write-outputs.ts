/** A file of an option, undefined if it was not given, and the function that writes it. */
export type Output = readonly [file: string | undefined, write: (file: string) => Promise<void>];

/**
 * Writes the files of a finished benchmark in the given order. One that cannot be written does not keep the next ones
 * from being written.
 *
 * @throws Error with a line for each file that was not written, after all of them were tried
 */
export async function writeOutputs(outputs: readonly Output[]): Promise<void> {
  const lines: string[] = [];
  const causes: unknown[] = [];
  for (const [file, write] of outputs) {
    if (file === undefined) continue;
    try {
      await write(file);
    } catch (cause) {
      lines.push(`${file} was not written: ${cause instanceof Error ? cause.message : String(cause)}`);
      causes.push(cause);
    }
  }
  if (causes.length > 0) throw new AggregateError(causes, lines.join('\n'));
}

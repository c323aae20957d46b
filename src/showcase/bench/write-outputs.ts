/** A file of an option, undefined if it was not given, and the function that writes it. Another output has its name in place of the file. */
export type Output = readonly [file: string | undefined, write: (file: string) => Promise<void>];

/**
 * Writes the files of a finished benchmark, and its report, in the given order. One that cannot be written does not keep the next
 * ones from being written: a benchmark takes up to hours. The JSON comes first, because the report can be made from it.
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

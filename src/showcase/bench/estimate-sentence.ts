/** Tells the estimated duration of a benchmark in whole minutes. */
export function estimateSentence(seconds: number): string {
  const count = Math.ceil(seconds / 60);
  return `Estimated duration: ${count === 1 ? 'a minute' : `${count} minutes`} on two cores.`;
}

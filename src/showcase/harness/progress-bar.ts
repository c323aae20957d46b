const BAR_CHARACTERS = 20;

/** How much of a work is done, as a bar and in percent. */
export function progressBar(percent: number): string {
  const done = Math.round((percent / 100) * BAR_CHARACTERS);
  return `${'='.repeat(done)}${'-'.repeat(BAR_CHARACTERS - done)} ${percent.toFixed(1)} %`;
}

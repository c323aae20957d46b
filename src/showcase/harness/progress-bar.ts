const BAR_CHARACTERS = 20;

/** The completed share as a bar and a percentage. */
export function progressBar(percent: number): string {
  const done = Math.round((percent / 100) * BAR_CHARACTERS);
  return `${'='.repeat(done)}${'-'.repeat(BAR_CHARACTERS - done)} ${percent.toFixed(1)} %`;
}

import { send } from './send.ts';

/** Reads `/metrics`: the value of each sample, by its name and labels as printed. */
export async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  const { status, text } = await send(`${url}/metrics`);
  if (status !== 200) throw new Error(`/metrics answered ${status}: ${text}`);
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

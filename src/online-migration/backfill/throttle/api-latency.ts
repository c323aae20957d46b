/** An API that does not answer in this time is strained for sure. */
const ANSWER_LIMIT_MS = 1_000;

/** Labels of a sample; what a value may hold, such as the braces of a route, ends nothing. */
const LABELS = String.raw`(?:[^"{}\n]|"(?:[^"\\\n]|\\.)*")*`;

/**
 * `http_request_duration_recent_seconds{…,quantile="0.99",…} 0.0123`, as Prometheus' text format has it: the labels come
 * in any order, and a timestamp may follow.
 */
const P99_SAMPLE = new RegExp(
  String.raw`^[\w:]+_seconds\{(?:${LABELS},)?quantile="0\.99"(?:,${LABELS})?\}\s+(\S+)(?:\s+\d+)?$`,
  'gm',
);

/**
 * Asks the API for the 99th percentile of its requests' durations.
 * @param url answers with Prometheus metrics (the largest summary sample of quantile 0.99 counts) or with `{"p99Ms":…}`
 * @returns milliseconds; infinite where the API does not answer in time, or without success
 */
export async function readApiP99(url: string): Promise<number> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    if (!response.ok) return Number.POSITIVE_INFINITY;
    const text = await response.text();
    if (text.startsWith('{')) return (JSON.parse(text) as { p99Ms?: number }).p99Ms ?? 0;
    const samples = [...text.matchAll(P99_SAMPLE)].map(([, seconds]) => Number(seconds) * 1000);
    return Math.max(0, ...samples.filter((value) => !Number.isNaN(value)));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

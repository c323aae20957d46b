/** An API that does not answer within this time is overloaded. */
const ANSWER_LIMIT_MS = 1_000;

/** Labels of a sample; a value may contain braces, such as the parameters of a route. */
const LABELS = String.raw`(?:[^"{}\n]|"(?:[^"\\\n]|\\.)*")*`;

/**
 * `http_request_duration_recent_seconds{…,quantile="0.99",…} 0.0123`, in Prometheus' text format: the labels have any
 * order, and a timestamp may follow.
 */
const P99_SAMPLE = new RegExp(
  String.raw`^[\w:]+_seconds\{(?:${LABELS},)?quantile="0\.99"(?:,${LABELS})?\}\s+(\S+)(?:\s+\d+)?$`,
  'gm',
);

/**
 * Asks the API for the 99th percentile of its requests' durations.
 * @param url answers with Prometheus metrics (the largest summary sample of quantile 0.99 counts) or with
 *   `{"p99Ms":…}`
 * @returns milliseconds; infinite if the API does not answer in time, or without success
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

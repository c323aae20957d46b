/** A measured step of a run under load, with numbers of every length. */
export const measuredStep = {
  name: '0003 backfill',
  seconds: 1_234.567,
  requests: 12_345_678,
  failed: 0,
  p50Ms: 1.234,
  p99Ms: 12.345,
  maxMs: 9_999.999,
};

import { expect, it } from '@jest/globals';
import { RequestHistory } from '../../../src/http/live/request-history.ts';

const ROUTE = '/records';
const FIRST_SECOND = 1_000;

function historyAt() {
  let now = FIRST_SECOND * 1_000;
  const history = new RequestHistory([ROUTE], () => now);
  return {
    history,
    after: (seconds: number) => (now += seconds * 1_000),
    answered: (status: number, seconds = 0.01, route: string | undefined = ROUTE) =>
      history.observe({ method: 'GET', route, status, seconds }),
  };
}

it('contains the requests and failures of each completed second', () => {
  const { history, after, answered } = historyAt();
  answered(200, 0.01);
  answered(404, 0.02);
  answered(503, 0.3);
  expect(history.seconds).toEqual([]);
  after(1);
  const [second, ...others] = history.seconds;
  expect(others).toEqual([]);
  expect(second).toMatchObject({ at: FIRST_SECOND, requests: 3, failed: 1 });
  expect(second!.p50Ms).toBeGreaterThan(19);
  expect(second!.p50Ms).toBeLessThan(21);
  expect(second!.p99Ms).toBeGreaterThan(295);
});

it('contains seconds without requests, without a latency', () => {
  const { history, after, answered } = historyAt();
  answered(200);
  after(3);
  answered(200);
  expect(history.seconds.map(({ at, requests, p99Ms }) => [at, requests, p99Ms === null])).toEqual([
    [1000, 1, false],
    [1001, 0, true],
    [1002, 0, true],
  ]);
});

it('counts only the routes of features', () => {
  const { history, after, answered } = historyAt();
  answered(500, 1, '/metrics');
  history.observe({ method: 'GET', route: undefined, status: 404, seconds: 1 });
  after(1);
  expect(history.seconds).toMatchObject([{ requests: 0, failed: 0 }]);
});

it('keeps five minutes, even after days without a request', () => {
  const { history, after, answered } = historyAt();
  answered(200);
  after(86_400);
  const { seconds } = history;
  expect(seconds).toHaveLength(300);
  expect(seconds.at(-1)).toMatchObject({ at: FIRST_SECOND + 86_399, requests: 0 });
  expect(seconds[0]).toMatchObject({ at: FIRST_SECOND + 86_400 - 300, requests: 0 });
});

it('does not repeat a second if the clock is set back', () => {
  const { history, after, answered } = historyAt();
  after(2);
  answered(200);
  after(-1);
  answered(200);
  after(2);
  expect(history.seconds.map(({ at, requests }) => [at, requests])).toEqual([
    [1000, 0],
    [1001, 0],
    [1002, 2],
  ]);
});

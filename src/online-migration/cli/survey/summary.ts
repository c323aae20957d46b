import { isPreparation } from './preparations.ts';
import type { Outcome, Survey, SurveyedColumn } from './survey.ts';

/** Columns of one kind of change, by their result. */
export interface PairSummary {
  readonly from: string;
  readonly to: string;
  readonly columns: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
}

/** Columns with one reason. */
export interface ReasonSummary {
  readonly code: string;
  readonly columns: number;
  /** Columns that nothing else stands in the way of; a refusal counts alone beside missing preparations. */
  readonly alone: number;
}

/** The sums of a survey. */
export interface SurveySummary {
  readonly tables: number;
  readonly columns: number;
  /** Columns with a usual target. */
  readonly surveyed: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** The most frequent pair first. */
  readonly pairs: readonly PairSummary[];
  /** Of refused columns: their refusals, without their preparations. The most frequent first. */
  readonly refusals: readonly ReasonSummary[];
  /** Of all columns: rights, reviews and statements that are missing. */
  readonly preparations: readonly ReasonSummary[];
}

/** Sums up a survey. */
export function summaryOf({ tables, columns, surveyed }: Survey): SurveySummary {
  const pairs = Map.groupBy(surveyed, ({ pair }) => JSON.stringify([pair.from, pair.to]));
  return {
    tables,
    columns,
    surveyed: surveyed.length,
    outcomes: outcomesOf(surveyed),
    pairs: [...pairs.values()]
      .map((ofPair) => ({ ...ofPair[0]!.pair, columns: ofPair.length, outcomes: outcomesOf(ofPair) }))
      .toSorted((one, other) => other.columns - one.columns || compare(one.from, other.from)),
    refusals: reasonsOf(surveyed, (reason) => !isPreparation(reason), ['refused', 'failed']),
    preparations: reasonsOf(surveyed, isPreparation, ['prepare', 'refused']),
  };
}

function outcomesOf(columns: readonly SurveyedColumn[]): Record<Outcome, number> {
  const counts: Record<Outcome, number> = { instant: 0, free: 0, prepare: 0, refused: 0, failed: 0 };
  for (const { outcome } of columns) counts[outcome] += 1;
  return counts;
}

/** @param outcomes the columns that count; a reason can be the only one for those of the first */
function reasonsOf(
  columns: readonly SurveyedColumn[],
  counts: (reason: { readonly code: string }) => boolean,
  outcomes: readonly Outcome[],
): ReasonSummary[] {
  const found = new Map<string, { columns: number; alone: number }>();
  for (const { reasons, outcome } of columns.filter((column) => outcomes.includes(column.outcome))) {
    const codes = new Set(reasons.filter(counts).map(({ code }) => code));
    for (const code of codes) {
      const { columns: all, alone } = found.get(code) ?? { columns: 0, alone: 0 };
      found.set(code, {
        columns: all + 1,
        alone: alone + (codes.size === 1 && outcome === outcomes[0] ? 1 : 0),
      });
    }
  }
  return [...found]
    .map(([code, sums]) => ({ code, ...sums }))
    .toSorted((one, other) => other.columns - one.columns || compare(one.code, other.code));
}

/** By characters, whatever the language of the machine is. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

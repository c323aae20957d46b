/** The phases of a column change, in order. */
export const PHASE_NAMES = ['expand', 'backfill', 'enforce', 'contract', 'rename'] as const;

export type PhaseName = (typeof PHASE_NAMES)[number];

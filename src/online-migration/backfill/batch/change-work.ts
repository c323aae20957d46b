import type { BackfillWork } from '../plan/backfill-work.ts';
import type { ChangeFill } from '../plan/fill.ts';
import { isUnfilled } from '../plan/unfilled.ts';
import { type BatchFindings, fillBatch } from './batch.ts';
import { keepTriggersSilent, reportSilence } from './firing-triggers.ts';
import { settle } from './settle.ts';
import { refuseWithoutEffect } from './update-without-effect.ts';

const ALIAS = 't';

/** The work of a column change: rows without a faithful value become rejects, and undeclared triggers do not fire. */
export function changeWork(fill: ChangeFill): BackfillWork {
  const findings: BatchFindings = { mayLeaveRows: false };
  return {
    direction: fill.direction,
    names: fill.names,
    alias: ALIAS,
    mostSweeps: Number.POSITIVE_INFINITY,
    isOnePass: false,
    report: (session, emit) => reportSilence(session, fill, emit),
    prepare: async (session) => {
      const firing = await keepTriggersSilent(session, fill);
      if (firing.length > 0) findings.mayLeaveRows = true;
    },
    fillBatch: (session, batch, checkpoint) => fillBatch(session, fill, batch, checkpoint, findings),
    isUnfilled: () => isUnfilled(fill, ALIAS),
    settle: (session, leaf, tids) => settle(session, fill, leaf, tids),
    refuseWithoutEffect: (session, leaf, tids) => refuseWithoutEffect(session, fill, leaf, tids),
  };
}

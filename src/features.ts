import type { Feature } from './http/feature.ts';
import { largeRecord } from './large-record/feature.ts';

/** What the application consists of. */
export const features: readonly Feature[] = [largeRecord];

import type { Feature } from './http/feature.ts';
import { largeRecord } from './large-record/feature.ts';

/** The features of the application. */
export const features: readonly Feature[] = [largeRecord];

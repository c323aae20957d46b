import { serve } from '../../../src/serve.ts';
import { notes } from './notes-feature.ts';

// A process as `npm start` makes it, with the feature for tests.

await serve([notes]);

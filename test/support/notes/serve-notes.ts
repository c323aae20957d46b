import { serve } from '../../../src/serve.ts';
import { notes } from './notes-feature.ts';

// A process like that of `npm start`, with the feature for tests.

await serve([notes]);

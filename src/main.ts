import { features } from './features.ts';
import { serve } from './serve.ts';

// npm start: serves the application.

await serve(features);

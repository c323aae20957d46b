import { registerHooks } from 'node:module';

// Loaded with `--import`: makes every import of the package in FORBIDDEN_PACKAGE an error.

const name = process.env['FORBIDDEN_PACKAGE'];
registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === name) throw new Error(`${name} was to be loaded by ${context.parentURL}.`);
    return nextResolve(specifier, context);
  },
});

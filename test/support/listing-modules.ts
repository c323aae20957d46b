import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

// Loaded with `--import`: writes the URLs of all modules that the process has loaded to LOADED_MODULES_FILE.

const file = process.env['LOADED_MODULES_FILE']!;
const urls = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    urls.add(url.split('?')[0]!);
    return nextLoad(url, context);
  },
});
process.on('exit', () => writeFileSync(file, [...urls].join('\n')));

import { execFileSync } from 'node:child_process';

/**
 * Runs a statement in another process and blocks this one, so that a phase goes on only after the commit.
 * @param url of the database
 */
export function runInOtherProcess(url: string, statement: string): void {
  const script = `
    import { Client } from 'pg';
    const client = new Client(process.env.URL);
    await client.connect();
    await client.query(process.env.STATEMENT);
    await client.end();`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, NODE_OPTIONS: '', URL: url, STATEMENT: statement },
  });
}

/** Texts with a meaning for PostgreSQL, a shell or a template. None exceeds the length limit of names. */
export const INJECTIONS = [
  `'; drop table large_record; --`,
  `' or '1'='1`,
  `1; delete from large_record`,
  `1 union select usename, passwd from pg_shadow`,
  `$$; select pg_sleep(30); $$`,
  `x'); insert into large_record (name, created_at) values ('a', 'b'); --`,
  `"; alter table "large_record" rename to "gone`,
  `\\'; truncate large_record; --`,
  `/**/or/**/1=1`,
  `?`,
  `??`,
  `:name`,
  `$1`,
  `%s%n%x`,
  `\${jndi:ldap://127.0.0.1/a}`,
  `{{7*7}}`,
  `<script>alert(1)</script>`,
  `../../../../etc/passwd`,
  `| cat /etc/passwd`,
  `;--`,
  `null`,
  `''`,
] as const;

/** Values that are not whole numbers for a URL, percent-encoded. */
export const NO_NUMBERS = [
  '',
  '%20',
  '-1',
  '+1',
  '01',
  '1.0',
  '1e3',
  '0x10',
  'NaN',
  'Infinity',
  'null',
  'true',
  '9223372036854775808',
  '18446744073709551616',
  '9'.repeat(400),
  '1'.padEnd(2_000, '0'),
  '%EF%BC%91',
  '1%00',
  '%00',
  '%zz',
  '1%',
  '%C3%28',
  '1,2',
  '1%0D%0AX-Injected:%201',
] as const;

/** JSON values that are not texts. */
export const NO_TEXTS = [
  'null',
  'true',
  '0',
  '-0',
  '1e400',
  '123456789012345678901234567890',
  '[]',
  '["x"]',
  '{}',
  '{"name":"x"}',
  '{"__proto__":{"length":1}}',
] as const;

/** JSON texts that are not valid names: empty, blank, too long, or impossible to store in PostgreSQL. */
export const NO_NAMES = [
  '""',
  '" "',
  '"\\t\\n\\u00a0"',
  `"${'x'.repeat(101)}"`,
  `"${'😀'.repeat(101)}"`,
  `"${'x'.repeat(90_000)}"`,
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"a\\udfffb"',
] as const;

/** JSON texts that are not timestamps. */
export const NO_TIMESTAMPS = [
  '""',
  '"now"',
  '"infinity"',
  '"epoch"',
  '"2024-02-30 10:00:00"',
  '"2024-01-01 24:00:00"',
  '"2024-01-01T10:00:00Z"',
  '"2024-01-01 10:00:00+00"',
  '"2024-01-01 10:00:00.5"',
  '" 2024-01-01 10:00:00"',
  '"0000-01-01 00:00:00"',
  '"10000-01-01 00:00:00"',
  '"２０２４-01-01 10:00:00"',
  '"2024-01-01 10:00:00\\u0000"',
] as const;

/** Keys that no body or query has; some belong to every JavaScript object. */
export const UNKNOWN_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__defineGetter__',
  'id',
  'Name',
  'name[]',
  'name.first',
  '$where',
  '0',
] as const;

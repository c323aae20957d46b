import type { Obstacle } from './obstacle.ts';

/** Defaults and numbers that are declared otherwise, or cannot go over. */
export const OF_DEFAULTS: readonly Obstacle[] = [
  [
    `alter table part alter size set default 3`,
    'DEFAULT_DIFFERS',
    /size has the default 3: declare `from\.default` exactly so, for the way back, and `to\.default`/,
  ],
  [
    `alter table part alter size set default 3`,
    'NEW_DEFAULT_MISSING',
    /size has a default: declare `to\.default` for the new type/,
    { from: { type: 'integer', default: '3' } },
  ],
  [
    `select`,
    'DEFAULT_DIFFERS',
    /size has no default: take `from\.default` out/,
    { from: { type: 'integer', default: '3' }, to: { type: 'bigint', default: '3' } },
  ],
  [
    `create sequence sizes; alter table part alter size set default nextval('sizes')`,
    'DEFAULT_BESIDE_NUMBERING',
    /The numbers of size come from public\.sizes: declare no default/,
    { to: { type: 'bigint', default: '3' } },
  ],
  [
    `alter table part alter size drop not null, alter size set default 3`,
    'DEFAULT_OF_NULLABLE',
    /size may be null and has a default\. From enforce to contract, .* add 'default of size' to `reviewed`; otherwise drop/,
    {
      nullable: true,
      from: { type: 'integer', default: '3' },
      to: { type: 'bigint', default: '3' },
    },
  ],
  [
    `alter table part alter size set default 3`,
    'EXPRESSION_INVALID',
    /`to\.default` cannot be used: invalid input syntax for type bigint: "three"/,
    {
      from: { type: 'integer', default: '3' },
      to: { type: 'bigint', default: `'three'` },
    },
  ],
  [
    `alter table part alter size add generated always as identity`,
    'SEQUENCE_CANNOT_COUNT',
    /The numbers of size come from public\.part_size_seq, which cannot count in text: .* drop the identity/,
    { to: 'text' },
  ],
  [
    `create sequence sizes owned by part.size; alter table part alter size set default 2 * nextval('sizes')`,
    'SEQUENCE_OWNED',
    /The sequence public\.sizes belongs to size and would go with it: `alter sequence public\.sizes owned by none`/,
    {
      from: { type: 'integer', default: `(2 * nextval('sizes'::regclass))` },
      to: { type: 'bigint', default: `2 * nextval('sizes')` },
    },
  ],
];

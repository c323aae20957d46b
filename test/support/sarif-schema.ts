/**
 * The part of the JSON schema of SARIF 2.1.0 that this project writes; unknown properties are refused, as in the whole schema.
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json
 */
const message = object({ text: { type: 'string' }, id: { type: 'string' } }, ['text']);

const driver = object(
  {
    name: { type: 'string' },
    semanticVersion: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+' },
    rules: {
      type: 'array',
      uniqueItems: true,
      items: object({ id: { type: 'string' }, shortDescription: message }, ['id']),
    },
  },
  ['name'],
);

const physicalLocation = object(
  {
    artifactLocation: object({ uri: { type: 'string', format: 'uri-reference' } }, ['uri']),
    region: object({ startLine: { type: 'integer', minimum: 1 } }, []),
  },
  ['artifactLocation'],
);

const result = object(
  {
    ruleId: { type: 'string' },
    ruleIndex: { type: 'integer', minimum: -1 },
    level: { enum: ['none', 'note', 'warning', 'error'] },
    message,
    locations: { type: 'array', items: object({ physicalLocation }, []) },
    suppressions: {
      type: 'array',
      uniqueItems: true,
      items: object({ kind: { enum: ['inSource', 'external'] }, justification: { type: 'string' } }, [
        'kind',
      ]),
    },
  },
  ['message'],
);

export const SARIF_SCHEMA = object(
  {
    $schema: { type: 'string', format: 'uri' },
    version: { enum: ['2.1.0'] },
    runs: {
      type: 'array',
      items: object(
        {
          tool: object({ driver }, ['driver']),
          columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
          results: { type: 'array', items: result },
        },
        ['tool'],
      ),
    },
  },
  ['version', 'runs'],
);

function object(properties: Record<string, object>, required: readonly string[]) {
  return { type: 'object', properties, required, additionalProperties: false };
}

/** The forms of the report. */
export const FORMATS = ['text', 'json', 'github', 'sarif'] as const;

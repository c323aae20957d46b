import { describe, expect, it } from '@jest/globals';
import { readMatrixOptions } from './matrix-options.ts';
import { MAJORS } from './postgres-versions.ts';

describe('readMatrixOptions', () => {
  it.each([
    [[], { majors: MAJORS, jestArguments: [] }],
    [['--majors', '14,18'], { majors: [14, 18], jestArguments: [] }],
    [['--majors=16'], { majors: [16], jestArguments: [] }],
    [['--majors', '18,14,18'], { majors: [18, 14], jestArguments: [] }],
    [
      ['test/migrations', '-t', 'two words'],
      { majors: MAJORS, jestArguments: ['test/migrations', '-t', 'two words'] },
    ],
    [['--bail', '--majors', '15', 'test/http'], { majors: [15], jestArguments: ['--bail', 'test/http'] }],
  ])('reads %j', (argv, options) => {
    expect(readMatrixOptions(argv)).toEqual(options);
  });

  it.each([
    [['--majors']],
    [['--majors=']],
    [['--majors', '13']],
    [['--majors', '14,']],
    [['--majors', '14.23']],
    [['--majors', '014']],
    [['--majors', '14, 15']],
    [['--majors', 'all']],
    [['--majors', '--bail']],
  ])('refuses %j', (argv) => {
    expect(() => readMatrixOptions(argv)).toThrow(
      /^--majors must name some of 14, 15, 16, 17, 18, with commas between\.\nUsage: npm run test:matrix -- /,
    );
  });
});

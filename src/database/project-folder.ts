import { join } from 'node:path';

/** The root folder of this project. */
export const PROJECT_FOLDER = join(import.meta.dirname, '../..');

/** The data folder of this project, independent of the current folder. */
export const PROJECT_DATA_FOLDER = join(PROJECT_FOLDER, '.data/postgres');

/** One record as the application knows it, whatever column holds `createdAt` at the moment. */
export interface LargeRecord {
  readonly id: bigint;
  readonly name: string;
  /** A whole second in UTC; a stored value that is no moment stays the text that it is. */
  readonly createdAt: Date | string;
}

/** What a new record is made of. */
export type NewLargeRecord = Readonly<{ name: string; createdAt: Date }>;

/** What a change of a record gives; what is undefined stays as it is stored. */
export type LargeRecordChange = Readonly<{ name?: string | undefined; createdAt?: Date | undefined }>;

import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { formatTimestamp } from '../../large-record/timestamp.ts';
import type { RequestSender } from './api-client.ts';
import type { Choices } from './choices.ts';
import type { AnsweredRecord, Ledger } from './ledger.ts';

/** Shares of the kinds of requests. The rest are reads of one record. */
const LIST_SHARE = 0.2;
const CREATE_SHARE = 0.15;
const UPDATE_SHARE = 0.25;
const LIST_LIMIT = 10;
/** Length of a wrong answer in an error. */
const QUOTED_CHARACTERS = 200;
/** Clients write timestamps from 1970 to 2100-01-01 00:00:00, in seconds since 1970. */
const TIMESTAMP_BOUND_SECONDS = Date.UTC(2100, 0, 1) / 1000;

const recordSchema = z.strictObject({
  id: z.int().positive(),
  name: z.string(),
  created_at: z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
});
const listSchema = z.strictObject({ records: z.array(recordSchema), count: z.int() });

/**
 * One client of the API. It sends one request at a time and writes only its own records: a share of the seeded ones,
 * and those it created. It therefore knows their values and checks every answer.
 */
export class LoadClient {
  readonly #api: RequestSender;
  readonly #choices: Choices;
  readonly #ledger: Ledger;
  readonly #index: number;
  readonly #clients: number;
  readonly #created: number[] = [];
  #names = 0;

  /**
   * @param index of this client, from 0
   * @param clients number of clients; the seeded records are divided among them
   */
  constructor(api: RequestSender, choices: Choices, ledger: Ledger, index: number, clients: number) {
    this.#api = api;
    this.#choices = choices;
    this.#ledger = ledger;
    this.#index = index;
    this.#clients = clients;
  }

  /**
   * Sends one request of a random kind.
   *
   * @throws Error that describes the wrong answer in one line
   */
  async request(): Promise<void> {
    const id = this.#ownId();
    const kind = this.#choices.fraction();
    if (kind < LIST_SHARE) return this.#list();
    if (id === undefined || kind < LIST_SHARE + CREATE_SHARE) return this.#create();
    if (kind < LIST_SHARE + CREATE_SHARE + UPDATE_SHARE) return this.#update(id);
    return this.#find(id);
  }

  async #list(): Promise<void> {
    const after = this.#choices.below(this.#ledger.seededRows);
    await this.#exchange('GET', `/list_large/?after=${after}&limit=${LIST_LIMIT}`, {
      status: 200,
      schema: listSchema,
      isRight: ({ records, count }) =>
        count === records.length &&
        count >= 1 &&
        count <= LIST_LIMIT &&
        records.every(({ id }, index) => id > (records[index - 1]?.id ?? after)),
    });
  }

  async #find(id: number): Promise<void> {
    await this.#exchange('GET', `/large_records/${id}`, {
      status: 200,
      schema: recordSchema,
      isRight: (record) => agrees(record, { id, ...this.#ledger.expected(id) }),
    });
  }

  async #create(): Promise<void> {
    const givesTimestamp = this.#choices.fraction() < 0.5;
    const body = { name: this.#newName(), ...(givesTimestamp && { created_at: this.#newTimestamp() }) };
    const expected = {
      status: 201,
      schema: recordSchema,
      isRight: (record: AnsweredRecord) => agrees(record, body),
    };
    const record = await this.#exchange('POST', '/large_records', expected, body);
    this.#ledger.acknowledge(record);
    this.#created.push(record.id);
  }

  async #update(id: number): Promise<void> {
    const form = this.#choices.below(3);
    const body = {
      ...(form !== 0 && { name: this.#newName() }),
      ...(form !== 1 && { created_at: this.#newTimestamp() }),
    };
    const expected = {
      status: 200,
      schema: recordSchema,
      isRight: (record: AnsweredRecord) => agrees(record, { id, ...this.#ledger.expected(id), ...body }),
    };
    try {
      this.#ledger.acknowledge(await this.#exchange('PATCH', `/large_records/${id}`, expected, body));
    } catch (error) {
      this.#ledger.doubt(id);
      throw error;
    }
  }

  async #exchange<Schema extends z.ZodType>(
    method: string,
    path: string,
    expected: { status: number; schema: Schema; isRight: (body: z.output<Schema>) => boolean },
    body?: object,
  ): Promise<z.output<Schema>> {
    const { status, text } = await this.#api.send(method, path, body);
    const answer = status === expected.status ? parse(expected.schema, text) : undefined;
    if (answer !== undefined && expected.isRight(answer)) return answer;
    throw new Error(`${method} ${path} was answered ${status} ${text.slice(0, QUOTED_CHARACTERS)}`);
  }

  /** A record that only this client writes; undefined if it has none yet. */
  #ownId(): number | undefined {
    const seeded = Math.ceil((this.#ledger.seededRows - this.#index) / this.#clients);
    const choice = this.#choices.below(seeded + this.#created.length);
    return choice < seeded ? 1 + this.#index + choice * this.#clients : this.#created[choice - seeded];
  }

  #newName(): string {
    this.#names += 1;
    return `Client ${this.#index}, name ${this.#names}`;
  }

  #newTimestamp(): string {
    return formatTimestamp(new Date(this.#choices.below(TIMESTAMP_BOUND_SECONDS) * 1000));
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether the record has the expected values. */
function agrees(record: AnsweredRecord, expected: Partial<AnsweredRecord>): boolean {
  return isDeepStrictEqual({ ...record, ...expected }, record);
}

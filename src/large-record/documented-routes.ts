import {
  body,
  type DocumentedRoutes,
  json,
  parametersOf,
  problems,
  REQUEST_ID,
} from '../http/openapi/operation.ts';
import {
  listQuerySchema,
  listSchema,
  newRecordSchema,
  recordChangeSchema,
  recordPathSchema,
  recordSchema,
} from './schemas.ts';

const idParameters = parametersOf('path', recordPathSchema);

const location = {
  Location: { description: 'Where the record is.', schema: { type: 'string' } },
};

/** The records, for the OpenAPI document. */
export const largeRecordRoutes: DocumentedRoutes = {
  bodies: { NewLargeRecord: newRecordSchema, LargeRecordChange: recordChangeSchema },
  answers: { LargeRecord: recordSchema, LargeRecordList: listSchema },
  paths: {
    '/list_large/': {
      get: {
        operationId: 'listLargeRecords',
        summary: 'The records by id, a page at a time: the next one begins after the last id of this one.',
        parameters: parametersOf('query', listQuerySchema),
        responses: { 200: json('The records.', 'LargeRecordList'), ...problems(400, 500, 503) },
      },
    },
    '/large_records': {
      post: {
        operationId: 'createLargeRecord',
        summary: 'Makes a record, at the moment now where none is given.',
        requestBody: body('NewLargeRecord'),
        responses: {
          201: json('The record.', 'LargeRecord', location),
          ...problems(400, 408, 413, 415, 500, 503),
        },
      },
    },
    '/large_records/{id}': {
      get: {
        operationId: 'getLargeRecord',
        summary: 'One record.',
        parameters: idParameters,
        responses: { 200: json('The record.', 'LargeRecord'), ...problems(400, 404, 500, 503) },
      },
      patch: {
        operationId: 'changeLargeRecord',
        summary: 'Changes what is given of a record and leaves the rest.',
        parameters: idParameters,
        requestBody: body('LargeRecordChange'),
        responses: {
          200: json('The record as it is now.', 'LargeRecord'),
          ...problems(400, 404, 408, 413, 415, 500, 503),
        },
      },
      delete: {
        operationId: 'deleteLargeRecord',
        summary: 'Removes a record.',
        parameters: idParameters,
        responses: {
          204: { description: 'It is gone.', headers: REQUEST_ID },
          ...problems(400, 404, 500, 503),
        },
      },
    },
  },
};

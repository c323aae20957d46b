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
  Location: { description: 'URL of the record.', schema: { type: 'string' } },
};

/** The routes for records in the OpenAPI document. */
export const largeRecordRoutes: DocumentedRoutes = {
  bodies: { NewLargeRecord: newRecordSchema, LargeRecordChange: recordChangeSchema },
  answers: { LargeRecord: recordSchema, LargeRecordList: listSchema },
  paths: {
    '/list_large/': {
      get: {
        operationId: 'listLargeRecords',
        summary: 'Lists records by id, one page at a time. For the next page, pass the last id as `after`.',
        parameters: parametersOf('query', listQuerySchema),
        responses: { 200: json('The records.', 'LargeRecordList'), ...problems(400, 500, 503) },
      },
    },
    '/large_records': {
      post: {
        operationId: 'createLargeRecord',
        summary: 'Creates a record. If created_at is missing, the current time is used.',
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
        summary: 'Returns one record.',
        parameters: idParameters,
        responses: { 200: json('The record.', 'LargeRecord'), ...problems(400, 404, 500, 503) },
      },
      patch: {
        operationId: 'changeLargeRecord',
        summary: 'Updates the given fields of a record.',
        parameters: idParameters,
        requestBody: body('LargeRecordChange'),
        responses: {
          200: json('The updated record.', 'LargeRecord'),
          ...problems(400, 404, 408, 413, 415, 500, 503),
        },
      },
      delete: {
        operationId: 'deleteLargeRecord',
        summary: 'Deletes a record.',
        parameters: idParameters,
        responses: {
          204: { description: 'The record is deleted.', headers: REQUEST_ID },
          ...problems(400, 404, 500, 503),
        },
      },
    },
  },
};

import type { RequestListener } from 'node:http';
import express from 'express';
import type { BaseParts } from './base.ts';
import { answering, createBase, only } from './base.ts';
import type { ApproveRoute } from './routes/approve.ts';

export interface AppParts extends BaseParts {
  readonly approve: ApproveRoute;
}

const maxFormBytes = 8_192;

/** The approval server's answers. */
export function createApp(parts: AppParts): RequestListener {
  const { pages, approve } = parts;
  const form = express.text({ type: 'application/x-www-form-urlencoded', limit: maxFormBytes, inflate: false });
  return createBase(parts, (app) => {
    app
      .route(/^\/approve\/[^/]*$/)
      .get(answering(parts, (request, place) => approve.show(request, place)))
      .post(
        form,
        answering(parts, (request, place) => approve.decide(request, place, request.body)),
      )
      .all(only(pages, 'GET, HEAD, POST'));
  });
}

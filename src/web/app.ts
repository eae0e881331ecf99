import type { RequestListener } from 'node:http';
import express from 'express';
import type { BaseParts } from './base.ts';
import { answering, createBase, only } from './base.ts';
import { addHomeRoutes } from './home-routes.ts';
import type { ApproveRoute } from './routes/approve.ts';
import type { HomeRoute } from './routes/home.ts';

export interface AppParts extends BaseParts {
  readonly approve: ApproveRoute;
  readonly home: HomeRoute;
}

/** 200 ticked names, a note of 500 characters in any script, and the answer of a passkey with an RSA key take about 11,000. */
const maxFormBytes = 16_384;

/** The approval server's answers. */
export function createApp(parts: AppParts): RequestListener {
  const { pages, approve, home } = parts;
  const form = express.text({ type: 'application/x-www-form-urlencoded', limit: maxFormBytes, inflate: false });
  return createBase(parts, (app) => {
    addHomeRoutes(app, parts, home, form);
    app
      .route(/^\/approve\/[^/]*$/)
      .get(answering(parts, (request, place) => approve.show(request, place)))
      .post(
        form,
        answering(parts, (request, place) => approve.decide(request, place, request.body)),
      )
      .all(only(pages, 'GET, HEAD, POST'));
    for (const step of ['challenge', 'lift'] as const) {
      app
        .route(new RegExp(`^/approve/[^/]*/${step}$`))
        .post(
          form,
          answering(parts, (request, place) => approve[step](request, place, request.body)),
        )
        .all(only(pages, 'POST'));
    }
  });
}

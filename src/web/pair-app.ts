import type { RequestListener } from 'node:http';
import express from 'express';
import type { BaseParts } from './base.ts';
import { answering, createBase, only } from './base.ts';
import type { PairRoute } from './routes/pair.ts';

export interface PairAppParts extends BaseParts {
  readonly pair: PairRoute;
}

/** The attestation of a passkey with an RSA key takes about 2,000. */
const maxBytes = 8_192;

/** The answers of the server that runs while somebody pairs: nothing can be approved here. */
export function createPairApp(parts: PairAppParts): RequestListener {
  const { pages, pair } = parts;
  const text = express.text({ type: 'application/json', limit: maxBytes, inflate: false });
  return createBase(parts, (app) => {
    app
      .route('/pair')
      .get(answering(parts, (_request, place) => pair.show(place)))
      .all(only(pages, 'GET, HEAD'));
    for (const step of ['look', 'begin', 'finish', 'state'] as const) {
      app
        .route(`/pair/${step}`)
        .post(
          text,
          answering(parts, (request, place) => pair.take(step, request, place, request.body)),
        )
        .all(only(pages, 'POST'));
    }
  });
}

import type { RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import express from 'express';
import type { Log, Random } from '../core/ports.ts';
import type { Answer } from './answer.ts';
import { failed, refuse } from './answer.ts';
import { httpsHeaders, rawResponse, securityHeaders } from './headers.ts';
import type { Pages } from './pages.ts';
import type { Address, Place } from './place.ts';
import { isReplay, placeOf } from './place.ts';

/** What every server of ours is made of, whatever its pages. */
export interface BaseParts {
  readonly pages: Pages;
  readonly address: Address;
  readonly random: Random;
  readonly log: Log;
}

/** An app whose answers all go through `gate`. `addRoutes` adds the pages; what none of them takes is a dead link. */
export function createBase(parts: BaseParts, addRoutes: (app: Express) => void): RequestListener {
  const { pages } = parts;
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false);
  app.use(gate(parts));
  addRoutes(app);
  serveAssets(app, pages);
  app.use((_request, response) => send(response, refuse(pages, 'deadLink')));
  app.use(lastResort(parts));
  return app;
}

/** Answers at the place where the request came in. */
export function answering(
  { pages, address }: BaseParts,
  handle: (request: Request, place: Place) => Answer | Promise<Answer>,
): RequestHandler {
  return async (request, response) => {
    const place = placeOf(request, address);
    send(response, place === null ? refuse(pages, 'wrongHost') : await handle(request, place));
  };
}

/** For every other method of a route. */
export function only(pages: Pages, allowed: string): RequestHandler {
  return (_request, response) => send(response, refuse(pages, 'wrongMethod', { Allow: allowed }));
}

/** One server for the app. Node's own bare answers are replaced too. */
export function createAppServer(app: RequestListener): Server {
  const server = createServer({ requireHostHeader: false, headersTimeout: 10_000, requestTimeout: 15_000 }, app);
  server.on('checkExpectation', app);
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end(rawResponse(400, 'Bad Request'));
  });
  return server;
}

/** Stops listening and cuts every connection. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

export function send(response: Response | ServerResponse, { status, html = '', json, headers = {} }: Answer): void {
  const body = Buffer.from(json === undefined ? html : JSON.stringify(json));
  const type = json === undefined ? 'text/html; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length, ...headers }).end(body);
}

function serveAssets(app: Express, pages: Pages): void {
  for (const [name, { type, body }] of pages.assets) {
    app
      .route(`/assets/${name}`)
      .get((_request, response) => {
        response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length }).end(body);
      })
      .all(only(pages, 'GET, HEAD'));
  }
}

/** Puts the headers on, and turns away whoever asks another host than ours. */
function gate({ pages, address }: BaseParts): RequestHandler {
  return (request, response, next) => {
    const place = placeOf(request, address);
    response.set(securityHeaders);
    if (place?.secure === true) response.set(httpsHeaders);
    if (place === null) return send(response, refuse(pages, 'wrongHost'));
    if (isReplay(request)) return send(response, refuse(pages, 'foreignForm'));
    next();
  };
}

/** Express's own error page would show a stack with the paths of this machine. */
function lastResort({ pages, random, log }: BaseParts): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const status = statusOf(error);
    if (status !== null) return send(response, { ...refuse(pages, 'badForm'), status });
    const reference = random.id().slice(0, 8);
    log.warn(`an approval page failed, reference ${reference}: ${String(error)}`);
    send(response, failed(pages, reference));
  };
}

/** The status of an error that is the request's fault (too large, an unknown encoding); null for ours. */
function statusOf(error: unknown): number | null {
  const status = error instanceof Error && 'status' in error ? error.status : null;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}

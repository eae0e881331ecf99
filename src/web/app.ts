import type { RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import express from 'express';
import type { Log, Random } from '../core/ports.ts';
import type { Answer } from './answer.ts';
import { failed, refuse } from './answer.ts';
import { httpsHeaders, rawResponse, securityHeaders } from './headers.ts';
import type { Pages } from './pages.ts';
import type { Address, Place } from './place.ts';
import { isReplay, placeOf } from './place.ts';
import type { ApproveRoute } from './routes/approve.ts';

export interface AppParts {
  readonly approve: ApproveRoute;
  readonly pages: Pages;
  readonly address: Address;
  readonly random: Random;
  readonly log: Log;
}

const maxFormBytes = 8_192;

/** The approval server's answers. Every one of them goes through `gate`. */
export function createApp(parts: AppParts): RequestListener {
  const { pages, approve, address } = parts;
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false);
  app.use(gate(parts));
  const form = express.text({ type: 'application/x-www-form-urlencoded', limit: maxFormBytes, inflate: false });
  const at = (handle: (request: Request, place: Place) => Answer | Promise<Answer>): RequestHandler => {
    return async (request, response) => {
      const place = placeOf(request, address);
      send(response, place === null ? refuse(pages, 'wrongHost') : await handle(request, place));
    };
  };
  app
    .route(/^\/approve\/[^/]*$/)
    .get(at((request, place) => approve.show(request, place)))
    .post(
      form,
      at((request, place) => approve.decide(request, place, request.body)),
    )
    .all(only(pages, 'GET, HEAD, POST'));
  serveAssets(app, pages);
  app.use((_request, response) => send(response, refuse(pages, 'deadLink')));
  app.use(lastResort(parts));
  return app;
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

function serveAssets(app: express.Express, pages: Pages): void {
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
function gate({ pages, address }: AppParts): RequestHandler {
  return (request, response, next) => {
    const place = placeOf(request, address);
    response.set(securityHeaders);
    if (place?.secure === true) response.set(httpsHeaders);
    if (place === null) return send(response, refuse(pages, 'wrongHost'));
    if (isReplay(request)) return send(response, refuse(pages, 'foreignForm'));
    next();
  };
}

function only(pages: Pages, allowed: string): RequestHandler {
  return (_request, response) => send(response, refuse(pages, 'wrongMethod', { Allow: allowed }));
}

/** Express's own error page would show a stack with the paths of this machine. */
function lastResort({ pages, random, log }: AppParts): ErrorRequestHandler {
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

function send(response: Response | ServerResponse, { status, html = '', headers = {} }: Answer): void {
  const body = Buffer.from(html);
  response
    .writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': body.length, ...headers })
    .end(body);
}

import { request as forward } from 'node:http';
import { createServer } from 'node:https';
import { makeCertificate } from './certificate.ts';

export interface Edge {
  readonly origin: string;
  close(): void;
}

/** The public end of a tunnel: https on localhost, passed on as it comes. @param folder for its certificate */
export async function openEdge(folder: string, port: () => number): Promise<Edge> {
  const edge = createServer(makeCertificate(folder), (request, response) => {
    const { method, url, headers } = request;
    const onward = forward({ host: '127.0.0.1', port: port(), method, path: url, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
      reply.pipe(response).on('close', () => onward.destroy());
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => edge.listen(0, '127.0.0.1', resolve));
  const address = edge.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return {
    origin: `https://localhost:${address.port}`,
    close: () => {
      edge.closeAllConnections();
      edge.close();
    },
  };
}

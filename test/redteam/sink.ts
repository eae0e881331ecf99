import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scene } from './scene.ts';

export interface Posted {
  readonly authorization: string;
  readonly body: string;
}

export interface Sink {
  readonly url: string;
  readonly posted: Posted[];
}

/** Somewhere that takes whatever is posted. */
export async function openSink(scene: Pick<Scene, 'onClose'>): Promise<Sink> {
  const posted: Posted[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      posted.push({ authorization: request.headers.authorization ?? '', body });
      response.end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  scene.onClose(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, posted };
}

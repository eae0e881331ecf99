import { Writable } from 'node:stream';

/**
 * Takes stdout for the protocol. What any library prints there afterwards goes to stderr instead
 * (dotenv's debug lines and banners of SDKs have broken MCP servers this way).
 */
export function takeStdout(): Writable {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  const protocol = new Writable({
    decodeStrings: false,
    write: (chunk: string | Uint8Array, encoding, done) => void write(chunk, encoding, done),
  });
  // Every answer that has to wait for a slow client listens for "drain".
  protocol.setMaxListeners(0);
  stdout.on('error', (error: Error) => protocol.destroy(error));
  stdout.write = stderr.write.bind(stderr);
  return protocol;
}

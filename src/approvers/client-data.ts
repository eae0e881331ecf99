import { z } from 'zod';

export interface ExpectedClientData {
  readonly type: 'webauthn.create' | 'webauthn.get';
  readonly challenge: Uint8Array;
  readonly origin: string;
}

/**
 * Whether the browser says that it asked for exactly this, on a page of ours that stood alone. The library lets `crossOrigin` pass
 * where a browser does not say which page is around the frame (Safari), hence our own look.
 * @param encoded clientDataJSON in base64url. https://www.w3.org/TR/webauthn-3/#dictdef-collectedclientdata
 */
export function isClientData(encoded: string, { type, challenge, origin }: ExpectedClientData): boolean {
  const data = parsed(encoded);
  return (
    data !== null &&
    data.type === type &&
    data.challenge === Buffer.from(challenge).toString('base64url') &&
    data.origin === origin &&
    data.crossOrigin !== true &&
    data.topOrigin === undefined
  );
}

const clientData = z.object({
  type: z.string(),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.unknown().optional(),
});

function parsed(encoded: string): z.infer<typeof clientData> | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64url'));
    return clientData.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

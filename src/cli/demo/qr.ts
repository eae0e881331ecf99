import qrcode from 'qrcode';

/** A QR code made of block characters, for a terminal. */
export function qrCode(text: string): Promise<string> {
  return qrcode.toString(text, { type: 'utf8', errorCorrectionLevel: 'L', margin: 1 });
}

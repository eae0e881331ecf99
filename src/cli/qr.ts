import qrcode from 'qrcode';

/** A QR code made of block characters, for a terminal: dark on light, whatever its own colours are. */
export function qrCode(text: string): Promise<string> {
  return qrcode.toString(text, { type: 'terminal', small: true, errorCorrectionLevel: 'L' });
}

/** Every factor. A new one is one file and one line here. */
export { link } from './link.ts';
export { passkey } from './passkey.ts';
export { totp } from './totp.ts';

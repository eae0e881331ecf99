/** Every tunnel. A new one is one file and one line here. */
export { none } from './none.ts';
export { ngrok } from './ngrok.ts';

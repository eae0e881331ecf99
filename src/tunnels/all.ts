/** Every tunnel. A new one is one file and one line here, in the order of the alphabet. */
export { ngrok } from './ngrok.ts';
export { none } from './none.ts';

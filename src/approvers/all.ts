/** Every factor. A new one is one file and one line here. */
export { link } from './link.ts';

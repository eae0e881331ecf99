/** Every provider. A new one is one file and one line here. */
export { envFile } from './env-file.ts';
export { onepassword } from './onepassword.ts';

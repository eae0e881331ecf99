/** Heavy: to be loaded when a host has to be judged. As a module of its own, because a bundle of tldts has no named exports to import later. */
export { parse } from 'tldts';

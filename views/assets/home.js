/** Keeps the home page as things are now. The page works without it. */
'use strict';

const tickMs = 5_000;
const minuteMs = 60_000;
const [firstWaitMs, lastWaitMs] = [1_000, 30_000];
// Without it, ngrok's free plan answers with a page of its own.
const headers = { 'ngrok-skip-browser-warning': '1' };

let listening = null;
let shown = dress();
setInterval(tick, tickMs);
document.addEventListener('visibilitychange', follow);
window.addEventListener('pageshow', follow);
window.addEventListener('pagehide', leave);
follow();

/** A page that nobody sees holds no connection. */
function follow() {
  if (document.hidden) return leave();
  tick();
  if (listening !== null) return;
  listening = new AbortController();
  void listen(listening.signal);
}

function leave() {
  listening?.abort();
  listening = null;
}

async function listen(signal) {
  let waitMs = firstWaitMs;
  while (!signal.aborted) {
    const began = performance.now();
    await stream(signal).catch(() => null);
    if (signal.aborted) return;
    showLive(false);
    await look();
    waitMs = performance.now() - began > minuteMs ? firstWaitMs : Math.min(waitMs * 2, lastWaitMs);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** Not an EventSource, which can send no headers. */
async function stream(signal) {
  const response = await fetch('/events', { headers, signal, cache: 'no-store' });
  if (!response.ok || !isOf(response.headers.get('content-type'), 'text/event-stream')) return;
  await look();
  showLive(true);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split('\n\n');
    rest = events.pop();
    if (events.some((event) => event.startsWith('event: change'))) await look();
  }
}

function showLive(isLive) {
  element('live').hidden = !isLive;
  element('then').hidden = isLive;
}

/** Fetches the page once more and takes over its content: as nodes that the browser parsed, never as text. */
function look() {
  const request = new XMLHttpRequest();
  return new Promise((resolve) => {
    request.open('GET', '/board');
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.responseType = 'document';
    request.addEventListener('load', () => take(request));
    request.addEventListener('loadend', resolve);
    request.send();
  });
}

function take(request) {
  // Signed out.
  if (request.status === 404) return location.assign('/');
  const isPage = request.status === 200 && isOf(request.getResponseHeader('content-type'), 'text/html');
  const fresh = isPage ? request.response : null;
  if (fresh !== null && fresh.getElementById('board') !== null) whenUntouched(() => replace(fresh));
}

/** What lies under a finger must not move away before it is lifted. */
function whenUntouched(then) {
  if (element('board').querySelector('a:active, button:active') === null) then();
  else setTimeout(() => whenUntouched(then), 100);
}

function replace(fresh) {
  const old = element('board');
  const heading = element('heading').textContent;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : null;
  old.replaceWith(document.adoptNode(fresh.getElementById('board')));
  document.title = fresh.title;
  document.querySelector('#then time').dateTime = fresh.querySelector('#then time').dateTime;
  shown = dress();
  if (focused !== null) (element(focused) ?? element('heading')).focus({ preventScroll: true });
  if (element('heading').textContent !== heading) element('spoken').textContent = element('heading').textContent;
}

/** Clock times as this phone shows them. Returns when that was, by both clocks. */
function dress() {
  for (const time of document.querySelectorAll('time')) {
    const at = new Date(time.dateTime);
    const day = at.toDateString() === new Date().toDateString() ? {} : { weekday: 'long' };
    time.textContent = at.toLocaleString(undefined, { ...day, hour: '2-digit', minute: '2-digit' });
  }
  return { wall: Date.now(), monotonic: performance.now() };
}

/** One of the two clocks stands still while a phone sleeps. */
function tick() {
  const gone = Math.max(Date.now() - shown.wall, performance.now() - shown.monotonic);
  let isOver = false;
  for (const span of document.querySelectorAll('[data-left]')) {
    const ms = Number(span.dataset.left) - gone;
    span.textContent = inWords(Math.max(0, ms));
    isOver ||= ms <= 0;
  }
  if (isOver && !document.hidden) void look();
}

/** As the server writes it: never longer than the truth. */
function inWords(ms) {
  const minutes = Math.floor(ms / minuteMs);
  const parts = [counted(Math.floor(minutes / 60), 'hour'), counted(minutes % 60, 'minute')].filter(Boolean);
  return parts.join(' ') || 'less than a minute';
}

function counted(count, unit) {
  return count === 0 ? '' : `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function isOf(type, wanted) {
  return (type ?? '').split(';')[0].trim() === wanted;
}

function element(id) {
  return document.getElementById(id);
}

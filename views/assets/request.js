/** Makes the approval pages nicer. They work without it. */
'use strict';

const warnMs = 60_000;
const lookAgainMs = 2_500;

localTimes();
const clock = document.getElementById('clock');
if (clock !== null) runRequest(clock);
if (document.querySelector('[data-look-again]') !== null) setTimeout(() => location.reload(), lookAgainMs);

/** Clock times as this phone shows them: the server may be in another zone. */
function localTimes() {
  for (const time of document.querySelectorAll('time[datetime]')) show(time, new Date(time.dateTime));
}

function show(time, at) {
  const sameDay = at.toDateString() === new Date().toDateString();
  const day = sameDay ? {} : { weekday: 'long' };
  time.textContent = at.toLocaleString(undefined, { ...day, hour: '2-digit', minute: '2-digit' });
}

/** The countdown starts from what the server said is left, since the two clocks may differ. It goes on while the phone sleeps. */
function runRequest(clock) {
  const remaining = Number(clock.dataset.remaining);
  const ends = { wall: Date.now() + remaining, monotonic: performance.now() + remaining };
  const left = () => Math.max(0, Math.min(ends.wall - Date.now(), ends.monotonic - performance.now()));
  let warned = remaining < warnMs;

  const tick = () => {
    const ms = left();
    document.getElementById('left').textContent = `${inClock(ms)} left`;
    clock.classList.toggle('soon', ms < warnMs);
    followWindow();
    if (!warned && ms < warnMs) say('Less than a minute left to decide.');
    warned = warned || ms < warnMs;
    if (ms === 0) end(timer);
  };
  const timer = setInterval(tick, 500);
  clock.classList.add('runs');
  document.addEventListener('visibilitychange', tick);
  window.addEventListener('pageshow', tick);
  for (const form of document.forms) form.addEventListener('submit', onSubmit);
  window.addEventListener('pageshow', () => setBusy(false));
  document.addEventListener('lengthchange', followWindow);
  tick();
}

function inClock(ms) {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** A window counts from the approval, so its end moves on while the person reads. */
function followWindow() {
  for (const time of document.querySelectorAll('time[data-length]')) {
    show(time, new Date(Date.now() + Number(time.dataset.length)));
  }
}

/** The first tap counts; the others wait for its answer. */
function onSubmit(event) {
  if (event.defaultPrevented || event.submitter?.formMethod === 'dialog') return;
  if (document.body.ariaBusy === 'true') event.preventDefault();
  else setBusy(true);
}

function setBusy(busy) {
  document.body.ariaBusy = String(busy);
}

function end(timer) {
  clearInterval(timer);
  document.getElementById('open').hidden = true;
  document.getElementById('over').hidden = false;
  document.getElementById('clock').hidden = true;
  document.title = 'Expired · Agent Vault';
  say('This request has expired.');
}

function say(text) {
  document.getElementById('spoken').textContent = text;
}

/** Makes a passkey, or signs with one, for whoever brings the code that stands at the terminal. */
'use strict';

const pollMs = 1_000;
const sections = ['wait', 'ask', 'compare', 'end'];

// Out of the address bar and the history before anything else.
const code = location.hash.slice(1);
history.replaceState(null, '', location.pathname);
// The same tab, with the next link.
addEventListener('hashchange', () => location.reload());

let ticket = '';
let options = null;
start();

async function start() {
  const library = window.SimpleWebAuthnBrowser;
  if (library === undefined || !library.browserSupportsWebAuthn())
    return end(
      'No passkeys here',
      'This browser cannot make or use passkeys. Open the link in another one, or end the command with Ctrl-C and use “agent-vault pair --totp”.',
    );
  if (code === '')
    return end(
      'The code is missing',
      'Scan the QR code at your terminal again, or type the whole link with what follows #.',
    );
  element('opening').hidden = false;
  const about = await send('look', { code });
  if (!about.ok) return end('This code does not work', about.says);
  ask(about, library);
}

function ask({ makes, heading, paragraphs, button }, library) {
  document.title = `${heading} · Agent Vault`;
  element('heading').textContent = heading;
  element('host').textContent = location.host;
  element('paragraphs').replaceChildren(...paragraphs.map(paragraph));
  const go = element('go');
  go.textContent = button;
  const run = makes === 'passkey' ? library.startRegistration : library.startAuthentication;
  go.addEventListener('click', () => act(go, makes, run));
  show('ask');
}

/** One try. What the person cancelled can be tried again. */
async function act(go, makes, run) {
  if (go.ariaBusy === 'true') return;
  go.ariaBusy = 'true';
  notice('');
  try {
    await once(makes, run);
  } finally {
    go.ariaBusy = 'false';
  }
}

async function once(makes, run) {
  if (options === null) {
    const begun = await send('begin', ticket === '' ? { code } : { ticket });
    if (!begun.ok) return begun.again === true ? notice(begun.says) : end('It did not work', begun.says);
    ticket = begun.ticket;
    options = begun.options;
  }
  let response;
  try {
    response = JSON.stringify(await run({ optionsJSON: options }));
  } catch (error) {
    return notice(reason(error, makes));
  }
  options = null;
  const done = await send('finish', { ticket, response });
  if (!done.ok) return done.again === true ? notice(done.says) : end('It did not work', done.says);
  if (done.fingerprint !== null) compare(done.fingerprint);
  void poll();
}

function compare(fingerprint) {
  element('fingerprint').textContent = fingerprint;
  show('compare');
  speak(`The fingerprint is ${fingerprint}. Does your terminal show the same?`);
}

/** Until the terminal has said how it ended, or is gone. */
async function poll() {
  for (;;) {
    const state = await send('state', { ticket });
    if (!state.ok) return end('The terminal is gone', 'Look there to see how it ended.');
    if (state.over) return end(state.heading, state.says, state.good);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** What went wrong in the browser, in words for the person in front of it. */
function reason(error, makes) {
  if (error.name === 'InvalidStateError') return 'This device is paired already.';
  if (error.name === 'NotAllowedError' || error.name === 'AbortError')
    return makes === 'passkey'
      ? 'No passkey was made: it was cancelled, it took too long, or this device could not check that it is you (a screen lock must be set). Try again.'
      : 'Nothing was confirmed: it was cancelled, it took too long, or this device has no passkey of yours for this address. Try again, or use the device that has it.';
  if (error.name === 'SecurityError') return 'The browser does not allow passkeys at this address.';
  return 'The browser could not do it. Try again, or use another browser.';
}

/** `ok` only for an answer of ours: in front of a page, ngrok may put one of its own. */
async function send(step, body) {
  try {
    const answer = await fetch(`/pair/${step}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'ngrok-skip-browser-warning': '1' },
      body: JSON.stringify(body),
    });
    const isOurs = (answer.headers.get('content-type') ?? '').startsWith('application/json');
    if (isOurs) return { ...(await answer.json()), ok: answer.ok };
  } catch {
    // Offline, or the terminal has ended.
  }
  return { ok: false, says: 'The terminal does not answer any more. Start again there.' };
}

function end(heading, says, good = false) {
  element('mark').src = good ? '/assets/approved.svg' : '/assets/ended.svg';
  element('result').textContent = heading;
  element('says').textContent = says;
  document.title = `${heading} · Agent Vault`;
  show('end');
  speak(`${heading}. ${says}`);
}

function show(name) {
  for (const each of sections) element(each).hidden = each !== name;
  element(name).querySelector('h1')?.focus();
}

function notice(text) {
  element('notice').textContent = text;
  element('notice').hidden = text === '';
}

function paragraph(text) {
  const made = document.createElement('p');
  made.textContent = text;
  return made;
}

function speak(text) {
  element('spoken').textContent = text;
}

function element(id) {
  return document.getElementById(id);
}

/** Signs in with a passkey. */
'use strict';

const form = document.getElementById('passkey');
const library = window.SimpleWebAuthnBrowser;
const isAble = library !== undefined && library.browserSupportsWebAuthn();
document.getElementById(isAble ? 'passkey' : 'unable').hidden = false;
form.addEventListener('submit', onSubmit);
// Back from where the browser kept the page: what it proved then counts no more.
window.addEventListener('pageshow', () => fill('', ''));

async function onSubmit(event) {
  event.preventDefault();
  if (form.ariaBusy === 'true') return;
  form.ariaBusy = 'true';
  say('');
  try {
    await prove();
  } catch (error) {
    say(wordsFor(error));
  } finally {
    form.ariaBusy = 'false';
  }
}

async function prove() {
  const begun = await challenge();
  if (begun === null) return say('Agent Vault did not answer. Please try again.');
  if (begun.options === undefined) return say(begun.says);
  const assertion = await library.startAuthentication({ optionsJSON: begun.options });
  fill(begun.id, JSON.stringify(assertion));
  form.submit();
}

async function challenge() {
  const response = await fetch('/sign-in/challenge', {
    method: 'POST',
    // Without it, ngrok's free plan answers with a page of its own.
    headers: { 'ngrok-skip-browser-warning': '1' },
    body: new URLSearchParams({ csrf: form.elements.csrf.value }),
  });
  const type = response.headers.get('content-type') ?? '';
  return type.startsWith('application/json') ? response.json() : null;
}

function wordsFor(error) {
  if (error.name === 'NotAllowedError')
    return 'That was cancelled, took too long, or this device has no passkey for this page. Please try again.';
  return 'The passkey could not be used. Please try again.';
}

function fill(ceremony, assertion) {
  form.elements.ceremony.value = ceremony;
  form.elements.assertion.value = assertion;
}

function say(text) {
  const trouble = document.getElementById('trouble');
  trouble.textContent = text;
  trouble.hidden = text === '';
}

/** Approves with a passkey: a challenge over what the form says, the phone's answer to it, then the form as usual. */
'use strict';
{
  const form = document.querySelector('form[data-challenge]');
  const library = window.SimpleWebAuthnBrowser;
  const isAble = library?.browserSupportsWebAuthn() === true;

  offer();
  // Before any other script sees the form go.
  document.addEventListener('submit', onSubmit, true);
  // A page that comes back from the browser's memory must not send what it proved before.
  window.addEventListener('pageshow', () => fill('', ''));

  function offer() {
    document.getElementById('no-passkey').hidden = isAble;
    if (isAble) document.getElementById('yes').disabled = false;
    else form.elements.totp?.setAttribute('required', '');
  }

  async function onSubmit(event) {
    const isProved = form.elements.assertion.value !== '' || form.elements.totp?.value;
    if (event.target !== form || event.submitter?.formMethod === 'dialog' || !isAble || isProved) return;
    event.preventDefault();
    if (form.ariaBusy === 'true') return;
    form.ariaBusy = 'true';
    tell('');
    try {
      await prove();
    } catch (error) {
      tell(wordsFor(error));
    } finally {
      form.ariaBusy = 'false';
    }
  }

  async function prove() {
    const response = await fetch(form.dataset.challenge, {
      method: 'POST',
      // Without it, ngrok's free plan answers with a page of its own.
      headers: { 'ngrok-skip-browser-warning': '1' },
      body: new URLSearchParams(new FormData(form)),
    });
    if (response.headers.get('content-type') !== 'application/json') return tell(unanswered);
    if (response.status === 409) return location.reload();
    const { id, options, says } = await response.json();
    if (id === undefined) return tell(says);
    const assertion = await library.startAuthentication({ optionsJSON: options });
    fill(id, JSON.stringify(assertion));
    form.requestSubmit();
  }

  const unanswered = 'Nothing was decided: Agent Vault did not answer. Please try again in a moment.';

  function wordsFor({ name, code }) {
    if (name === 'NotAllowedError' || name === 'AbortError' || code === 'ERROR_CEREMONY_ABORTED')
      return 'Nothing was decided: the passkey was cancelled or took too long, or this device has none for this page.';
    if (name === 'SecurityError') return 'Nothing was decided: your passkey belongs to another address than this one.';
    return name === 'TypeError' ? unanswered : 'Nothing was decided: the passkey could not be used. Please try again.';
  }

  function fill(ceremony, assertion) {
    form.elements.ceremony.value = ceremony;
    form.elements.assertion.value = assertion;
  }

  function tell(text) {
    const notice = document.getElementById('notice');
    notice.textContent = text;
    notice.hidden = text === '';
    if (text !== '') notice.scrollIntoView({ block: 'nearest' });
  }
}

/** Says in one sentence, and on the button, what an approval would mean with what is ticked now. */
'use strict';
{
  const all = (selector) => [...document.querySelectorAll(selector)];
  const ticked = (name) => document.querySelector(`input[name=${name}]:checked`);
  const names = all('input[name=name]');
  const config = document.querySelector('input[name=config]');
  /** What was ticked before something else took the choice away. */
  const kept = new Map();

  document.getElementById('then')?.classList.add('live');
  document.addEventListener('change', update);
  // Also when the browser shows the page once more as it was left.
  window.addEventListener('pageshow', update);

  function update({ target }) {
    kept.delete(target.name);
    followConfig();
    const ms = Number(ticked('window')?.value ?? 0);
    const isWhole = ms > 0 && ticked('scope')?.value === 'vault';
    followScope(isWhole);
    saySentence(ms);
    document.getElementById('gist').textContent = gist(ms, isWhole);
  }

  /** What only the new config allows can be chosen only with it. */
  function followConfig() {
    const isAllowed = config === null || config.checked;
    for (const input of all('.needs input')) {
      if (!isAllowed && input.checked) kept.set(input.name, input);
      input.disabled = !isAllowed;
    }
    for (const name of ['window', 'scope']) settle(name, isAllowed);
  }

  function settle(name, isAllowed) {
    if (isAllowed) {
      if (kept.has(name)) kept.get(name).checked = true;
      kept.delete(name);
    } else if (ticked(name)?.disabled) {
      all(`input[name=${name}]:enabled`).at(-1).checked = true;
    }
  }

  /** With the whole vault, no name can be left out. */
  function followScope(isWhole) {
    for (const box of names) {
      if (isWhole && !box.disabled) kept.set(box, box.checked);
      box.checked = isWhole || (kept.get(box) ?? box.checked);
      if (!isWhole) kept.delete(box);
      box.disabled = isWhole;
    }
  }

  function saySentence(ms) {
    if (document.getElementById('then')?.tagName !== 'DETAILS') return;
    const scope = ticked('scope');
    const covers = document.getElementById('covers');
    if (scope !== null) covers.textContent = scope.dataset.covers;
    covers.classList.toggle('wide', scope?.value === 'vault' && ms > 0);
    document.getElementById('once').hidden = ms > 0;
    document.getElementById('for').hidden = ms === 0;
    document.getElementById('length').textContent = ticked('window')?.dataset.words ?? '';
    document.getElementById('window').dataset.length = ms;
    document.dispatchEvent(new Event('lengthchange'));
  }

  function gist(ms, isWhole) {
    const left = names.filter((box) => box.checked).length;
    const some = left < names.length ? `${left} of ${names.length}` : '';
    const length = ms > 0 ? ticked('window').dataset.words : names.length > 0 || ticked('window') ? 'once' : '';
    const parts = [some, length, isWhole ? 'whole vault' : ''].filter(Boolean).join(', ');
    return config?.checked ? `${parts} + config` : parts;
  }
}

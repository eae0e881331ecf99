/** What every model is told about this server; clients cut at 2 KB. */
export const instructions = `Agent Vault holds secrets (API keys, passwords, tokens) that a person releases one request at a time. Use it whenever a task needs a credential; list_secrets shows which there are.

- Use vault and secret names exactly as list_secrets shows them.
- Ask with get_secret, or with get_secrets when you need several of one vault: one approval for all. Ask only for what the current step needs.
- The reason is read by the person on their phone. Say what you will do with the secret, where and for which task. Be honest and specific; a vague reason gets denied.
- A call can take minutes, because a person has to answer. "pending:" means that they have not answered yet: call again with the same arguments. It joins the open request and does not ask twice.
- "denied:" is final. Do not ask again, do not reword the reason, and do not look for the value elsewhere. Tell the person what you cannot do without it.
- "expired:" means that nobody answered. Ask the person in the chat before you call again.
- "failed:" says what is wrong in plain words; fix that, or tell the person.
- Never print a value, put it in code, a commit, a log or a command line that others can see, or repeat it in the chat. Use it and forget it.
- You cannot approve anything yourself. Do not open, fetch or look for approval links.`;

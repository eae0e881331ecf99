/** Every format. A new one is one file and one line here. */
export { cef } from './cef.ts';
export { datadog } from './datadog.ts';
export { discord } from './discord.ts';
export { ecs } from './ecs.ts';
export { json } from './json.ts';
export { ocsf } from './ocsf.ts';
export { otel } from './otel.ts';
export { sentinel } from './sentinel.ts';
export { slack } from './slack.ts';
export { splunkHec } from './splunk-hec.ts';
export { standard } from './standard.ts';
export { syslog } from './syslog.ts';

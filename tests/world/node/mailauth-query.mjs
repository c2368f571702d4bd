// Asks mailauth for a domain's MTA-STS policy, as a mail server that uses it would.
// Prints one JSON document; exit status 0 when the policy was found and its mx lines cover the
// domain's MX hosts, 1 when mailauth found none or refused it, 2 when the question was wrong.

import dns from 'node:dns/promises';
import { createRequire } from 'node:module';

const { getPolicy, validateMx } = createRequire(import.meta.url)('mailauth/lib/mta-sts.js');

const domain = process.argv[2];
if (!domain) {
    console.error('usage: mailauth-query.mjs DOMAIN');
    process.exit(2);
}

const { policy, status } = await getPolicy(domain);
const hosts = await dns.resolveMx(domain).catch(() => []);
const mx = hosts.map(({ exchange }) => ({ host: exchange, ...validateMx(exchange, policy) }));
const error = policy.error ? policy.error.code || policy.error.message : undefined;

console.log(JSON.stringify({ status, error, policy: { ...policy, error: undefined }, mx }));
process.exit(status === 'found' && mx.length > 0 && mx.every(({ valid }) => valid) ? 0 : 1);

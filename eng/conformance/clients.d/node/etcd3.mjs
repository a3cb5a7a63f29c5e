// What users of the npm package etcd3 do. Prints a line for each check; takes the endpoints, with commas.
import { createRequire } from 'node:module';
import { once } from 'node:events';
import path from 'node:path';
// The package lies where 'eng/conformance/clients' installed it, not beside this file.
const { Etcd3, EtcdLockFailedError } = createRequire(path.join(process.cwd(), 'package.json'))('etcd3');

const client = new Etcd3({ hosts: process.argv[2].split(',') });
const check = (name, held, detail = '') => console.log(`${held ? 'passed' : 'FAILED'}  ${name}${detail === '' ? '' : `: ${detail}`}`);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const all = client.namespace('js/');
await all.put('a').value('1');
await all.put('b').value('{"two":2}');
check('put and get', await all.get('a').string() === '1' && await all.get('none').string() === null);
check('get as JSON', (await all.get('b').json()).two === 2);
check('all in a namespace', same(await all.getAll().sort('Key', 'Descend').keys(), ['b', 'a']));
const { count } = await client.getAll().prefix('js/').count().then(count => ({ count }));
check('a count by prefix', Number(count) === 2);
check('put with the previous value', (await all.put('a').value('2').getPrevious()).value.toString() === '1');
check('delete', Number((await all.delete().key('b')).deleted) === 1 && !await all.get('b').exists());

const held = await all.if('a', 'Value', '==', '2').and('a', 'Version', '>', 1).then(all.put('a').value('3')).else(all.get('a')).commit();
check('a transaction whose comparison holds', held.succeeded && await all.get('a').string() === '3');
const missed = await all.if('a', 'Value', '==', '2').then(all.put('a').value('4')).else(all.get('a')).commit();
check('a transaction whose comparison does not', !missed.succeeded && missed.responses[0].response_range.kvs[0].value.toString() === '3');
await Promise.all(Array.from({ length: 5 }, () => all.stm({ retries: 50 }).transact(async tx => {
    await tx.put('sum').value(Number(await tx.get('sum').number() ?? 0) + 1);
})));
check('software transactions add up', await all.get('sum').number() === 5);

const watcher = await all.watch().prefix('w/').create();
const seen = [];
const three = new Promise(resolve => {
    watcher.on('put', kv => { seen.push(`put ${kv.key}=${kv.value}`); if (seen.length === 3) resolve(); });
    watcher.on('delete', kv => { seen.push(`delete ${kv.key}`); if (seen.length === 3) resolve(); });
});
await all.put('w/1').value('x');
await all.put('w/2').value('y');
await all.delete().key('w/1');
await three;
await watcher.cancel();
check('a watch sees puts and deletes in order', same(seen, ['put w/1=x', 'put w/2=y', 'delete w/1']), seen.join(', '));
const since = (await all.get('w/2').exec()).kvs[0].mod_revision;
const past = await all.watch().prefix('w/').startRevision(since).create();
const [first] = await once(past, 'put');
await past.cancel();
check('a watch from a revision sees the past', first.key.toString() === 'w/2');

const lease = all.lease(30, { autoKeepAlive: false });
await lease.put('leased').value('v');
const before = await lease.keepaliveOnce();
check('a lease is renewed', Number(before.TTL) === 30 && await all.get('leased').string() === 'v');
await lease.revoke();
check('a revoked lease takes its key along', await all.get('leased').string() === null);
const shortWatch = await all.watch().key('short').create();
const gone = once(shortWatch, 'delete');
const short = all.lease(2, { autoKeepAlive: false });
await short.put('short').value('v');
await gone;
await shortWatch.cancel();
check('a lease that runs out takes its key along', await all.get('short').string() === null);
const kept = all.lease(2);
await kept.put('kept').value('v');
await once(kept, 'keepaliveSucceeded');
const watchKept = once(kept, 'keepaliveSucceeded');
await watchKept;
check('a lease that is kept alive stays', await all.get('kept').string() === 'v');
await kept.revoke();

const lock = await all.lock('one').ttl(20).acquire();
const refused = await all.lock('one').ttl(20).acquire().then(() => null, error => error);
await lock.release();
const next = await all.lock('one').ttl(20).acquire();
await next.release();
check('a lock is held by one and free when released', refused instanceof EtcdLockFailedError);

const election = all.election('office', 10);
const observer = await election.observe();
const changes = [];
observer.on('change', leader => changes.push(leader));
const campaign1 = election.campaign('first');
await once(campaign1, 'elected');

// etcd3's observer takes the last of several puts that come together for the leader's: nobody else must campaign before it has seen the first.
while (observer.leader() !== 'first') await once(observer, 'change');
const campaign2 = election.campaign('second');
let elected2 = false;
const second = once(campaign2, 'elected').then(() => { elected2 = true; });
await campaign1.proclaim('first again');
while (observer.leader() !== 'first again') await once(observer, 'change');
const early = elected2;
await campaign1.resign();
await second;
while (observer.leader() !== 'second') await once(observer, 'change');
check('an election: the first leads, proclaims, resigns, and the second leads', !early && elected2 && changes.includes('first again'), changes.join(', '));
await observer.cancel();
await campaign2.resign();

const { members } = await client.cluster.memberList({});
check('members are listed', same(members.map(member => member.name).sort(), ['m1', 'm2', 'm3']));
check('status names the leader', members.map(member => member.ID).includes((await client.maintenance.status({})).leader));
await all.delete().all();
check('delete all', (await all.getAll().keys()).length === 0);
client.close();
